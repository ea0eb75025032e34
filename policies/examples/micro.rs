//! x
use rounds_environments::clinic::day::*;
use rounds_environments::clinic::knowledge::*;
use rounds_environments::streams::RunSeed;
use rounds_policies::clinic::belief::*;
fn cpu() -> f64 {
    std::fs::read_to_string("/proc/thread-self/schedstat")
        .unwrap()
        .split_whitespace()
        .next()
        .unwrap()
        .parse()
        .unwrap()
}
fn main() {
    let kb = Knowledge::builtin();
    println!(
        "findings {} conditions {}",
        kb.findings().len(),
        kb.conditions().len()
    );
    for overlap in [0.0, 0.2, 0.5, 1.0] {
        let config = DayConfig {
            overlap,
            ..DayConfig::default()
        };
        let staff = Staff::draw(&config, &kb, RunSeed(7));
        let own: Vec<_> = staff.covered(1).collect();
        let scope = Scope::covering(&kb, |d| own.contains(&d), None).unwrap();
        let search = QuestionSearch::new(&scope);
        let mut known = vec![];
        let mut closed = vec![false; kb.findings().len()];
        let mut post = vec![];
        let mut buf = SearchBuffers::default();
        for n in [0, 2, 5, 10] {
            while known.len() < n {
                scope.posterior_into(known.iter().copied(), &mut post);
                let (e, _) = search.best(&scope, &post, &closed, 1e-3, &mut buf).unwrap();
                closed[e.index()] = true;
                known.push((e, Some(n == 5)));
            }
            let t = cpu();
            for _ in 0..2000 {
                scope.posterior_into(known.iter().copied(), &mut post);
                std::hint::black_box(&post);
            }
            let a = (cpu() - t) / 2e6;
            let t = cpu();
            for _ in 0..2000 {
                std::hint::black_box(search.best(&scope, &post, &closed, 1e-3, &mut buf));
            }
            let b = (cpu() - t) / 2e6;
            let t = cpu();
            for _ in 0..2000 {
                std::hint::black_box(scope.best_question(&post, &closed, Objective::Gain));
            }
            let c = (cpu() - t) / 2e6;
            let kept = post.iter().filter(|p| **p > 1e-6).count();
            let t = cpu();
            for _ in 0..2000 {
                std::hint::black_box(entropy_bits(&post));
            }
            let d = (cpu() - t) / 2e6;
            println!(
                "o {overlap} K {} kept {kept} known {n}: posterior {a:.2} us, search {b:.2}, plain {c:.2}, entropy {d:.2}",
                scope.classes().len()
            );
        }
    }
}
