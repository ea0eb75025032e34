//! One question by information gain on the DDXPlus-derived base: belief, then the best finding.
//!
//! Beside it the textbook way, which makes both posteriors of every finding anew.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

mod measure;

use std::hint::black_box;

use criterion::Criterion;
use rounds::environments::clinic::knowledge::{FindingIx, Knowledge};
use rounds::policies::clinic::belief::{Objective, Scope, entropy_bits};

/// Answers that are known before the question is chosen.
const ANSWERED: [usize; 3] = [1, 5, 10];

fn main() {
    let Some(knowledge) = measure::ddxplus() else {
        return;
    };
    let scope = Scope::generalist(&knowledge, None).expect("the base fits itself");
    let mut criterion = Criterion::default().configure_from_args();
    for answered in ANSWERED {
        let (answers, closed) = visit(&scope, &knowledge, answered);
        let mut group = criterion.benchmark_group(format!("question_after_{answered}_answers"));
        group.bench_function("posterior", |bencher| {
            bencher.iter(|| scope.posterior(black_box(&answers).iter().copied()));
        });
        group.bench_function("posterior_and_best_question", |bencher| {
            bencher.iter(|| {
                let posterior = scope.posterior(black_box(&answers).iter().copied());
                scope.best_question(&posterior, &closed, Objective::Gain)
            });
        });
        let posterior = scope.posterior(answers.iter().copied());
        let ours = scope.best_question(&posterior, &closed, Objective::Gain);
        let plain = textbook(&scope, &knowledge, &answers, &closed);
        assert_eq!(ours.map(|(e, _)| e), plain.map(|(e, _)| e));
        group.bench_function("textbook_baseline", |bencher| {
            bencher.iter(|| textbook(&scope, &knowledge, black_box(&answers), &closed));
        });
        group.finish();
    }
    criterion.final_summary();
}

type Answers = Vec<(FindingIx, Option<bool>)>;

/// A visit of a patient who says yes to every third question.
fn visit(scope: &Scope, knowledge: &Knowledge, answered: usize) -> (Answers, Vec<bool>) {
    let mut answers = Answers::new();
    let mut closed = vec![false; knowledge.findings().len()];
    for number in 0..answered {
        let posterior = scope.posterior(answers.iter().copied());
        let (e, _) = scope
            .best_question(&posterior, &closed, Objective::Gain)
            .expect("fewer questions than findings");
        closed[e.index()] = true;
        answers.push((e, Some(number % 3 == 0)));
    }
    (answers, closed)
}

/// Entropy now less the mean entropy after the answer, by definition.
fn textbook(
    scope: &Scope,
    knowledge: &Knowledge,
    answers: &Answers,
    closed: &[bool],
) -> Option<(FindingIx, f64)> {
    let now = scope.posterior(answers.iter().copied());
    let entropy = entropy_bits(&now);
    let mut best: Option<(FindingIx, f64)> = None;
    for e in (0..knowledge.findings().len() as u32).map(FindingIx) {
        if closed[e.index()] {
            continue;
        }
        let p_yes = scope.p_yes(&now, e)?;
        let after = |present: bool| {
            let answer = (e, Some(present));
            entropy_bits(&scope.posterior(answers.iter().copied().chain([answer])))
        };
        let gain = entropy - p_yes * after(true) - (1.0 - p_yes) * after(false);
        if best.is_none_or(|(_, most)| gain > most) {
            best = Some((e, gain));
        }
    }
    best
}
