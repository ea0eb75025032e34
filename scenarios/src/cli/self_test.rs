//! `rounds evaluate --self-test`: whether the checks of a suite tell careless policies from their
//! careful twins.

use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

use serde_json::json;

use super::args::EvaluateArgs;
use super::evaluate::not_met;
use super::run::{folder_of, run_arms_of};
use super::{Failure, print};
use crate::clinic::NOTICE;
use crate::clinic::cases::CaseBook;
use crate::evaluate::{ArmResult, CaseOutcome};
use crate::family::build;
use crate::run::{pretty, score_run, write_whole};
use crate::schema::{Overrides, SelfTestPair, SuiteSpec, Variants, load_self_test};
use crate::speech::Cassette;
use crate::statistics::estimate::{LEVEL, wilson_interval};

/// What a policy of a pair came to.
struct Verdict {
    /// The named check has bad news in every visit.
    named: bool,
    /// Every visit passes.
    passed: bool,
    /// Checks with bad news.
    failing: Vec<String>,
}

/// Runs the pairs of the suite's self-test file.
pub(crate) fn self_test(arguments: &EvaluateArgs) -> Result<(), Failure> {
    let common = &arguments.common;
    let overrides = Overrides {
        set: common.set.clone(),
        seed: common.seed,
        ..Overrides::default()
    };
    let suite = SuiteSpec::load(&common.scenario, &overrides, &Variants::default())?;
    let Some(path) = &suite.self_test else {
        return Err(Failure::Usage(format!(
            "{}: the suite has no self_test = \"FILE\"",
            common.scenario.display()
        )));
    };
    let built = build(&suite.set, &suite.set.arms[0], &Cassette::default())?;
    let Some(cases) = built.cases() else {
        return Err(Failure::Usage("the suite has no cases".to_owned()));
    };
    let book = &*cases.book;
    let pairs = load_pairs(path, book)?;
    let variants = Variants {
        swap: Vec::new(),
        arms: pairs
            .iter()
            .flat_map(|pair| arms_of(pair, &suite, book))
            .collect(),
    };
    let played = SuiteSpec::load(&common.scenario, &overrides, &variants)?;
    let base = suite.set.arms.len();
    // Variants are played under the first arm of the suite alone.
    let numbers: Vec<usize> = (0..2 * pairs.len()).map(|at| base + at * base).collect();
    let folder = folder_of(common, &played.set);
    let sets = vec![played.set];
    let began = Instant::now();
    let (ran, _) = run_arms_of(common, &sets, &numbers, &folder, |_| Ok(()))?;
    let mut verdicts = Vec::new();
    for run in &ran {
        let score = run.built.cases();
        let score = score.ok_or_else(|| Failure::Usage("the suite has no cases".to_owned()))?;
        let mut result = ArmResult::new(&run.arm.name, &score.book);
        score_run(&run.folder, &**score, |episode, scored| {
            result.add(score, episode, &scored.row);
            Ok(())
        })?;
        result.settle(&score.book);
        verdicts.push(result);
    }
    let judged: Vec<(Verdict, Verdict)> = pairs
        .iter()
        .zip(verdicts.chunks(2))
        .map(|(pair, two)| (verdict(pair, two.first()), verdict(pair, two.last())))
        .collect();
    super::show::remember_latest(&folder);
    conclude(
        arguments,
        &folder,
        &pairs,
        &judged,
        began.elapsed().as_secs_f64(),
    )
}

pub(super) fn load_pairs(path: &Path, book: &CaseBook) -> Result<Vec<SelfTestPair>, Failure> {
    let ids: Vec<&str> = book
        .cases()
        .iter()
        .map(|case| case.spec.id.as_str())
        .collect();
    let checks = |id: &str| {
        let checks = book.find(id).map(|case| case.spec.checks.iter());
        checks
            .into_iter()
            .flatten()
            .map(|check| check.id.clone())
            .collect()
    };
    Ok(load_self_test(path, &ids, checks)?)
}

/// The arms of a pair: the careless policy, then its twin, each on its case alone.
fn arms_of(pair: &SelfTestPair, suite: &SuiteSpec, book: &CaseBook) -> Vec<(String, Vec<String>)> {
    let policy = suite.policy();
    let file = book
        .find(&pair.case)
        .map(|case| case.spec.file.clone())
        .unwrap_or_default();
    let file = std::path::absolute(&file).unwrap_or(file);
    let file = toml::Value::String(file.display().to_string());
    [("careless", &pair.careless), ("careful", &pair.careful)]
        .into_iter()
        .map(|(which, moves)| {
            let moves = moves.iter().cloned().map(toml::Value::String).collect();
            let moves = toml::Value::Array(moves);
            let settings = vec![
                format!("policies.{policy}={{kind=\"plan\", moves={moves}}}"),
                "agents.team.kind=\"generalist\"".to_owned(),
                format!("environment.patients.cases=[{file}]"),
            ];
            (format!("{}: {which}", pair.name), settings)
        })
        .collect()
}

fn verdict(pair: &SelfTestPair, result: Option<&ArmResult>) -> Verdict {
    let case = result.and_then(|result| result.cases.first());
    let runs = case.map_or(&[][..], |case| &case.runs);
    let bad = |run: &crate::evaluate::RunResult| {
        let mut checks = run.result.checks.iter();
        checks.any(|check| check.id == pair.check && check.is_good() == Some(false))
    };
    Verdict {
        named: !runs.is_empty() && runs.iter().all(bad),
        passed: !runs.is_empty() && runs.iter().all(|run| run.result.passed == Some(true)),
        failing: case.map(bad_news).unwrap_or_default(),
    }
}

/// Why visits ended that could not be held, or the checks with bad news.
fn bad_news(case: &CaseOutcome) -> Vec<String> {
    let reasons = case.runs.iter().find_map(|run| run.row.reason.clone());
    match reasons {
        Some(reason) => vec![reason],
        None => case
            .failing()
            .iter()
            .map(|(id, _)| (*id).to_owned())
            .collect(),
    }
}

fn conclude(
    arguments: &EvaluateArgs,
    folder: &Path,
    pairs: &[SelfTestPair],
    judged: &[(Verdict, Verdict)],
    wall_s: f64,
) -> Result<(), Failure> {
    let found = judged.iter().filter(|(careless, _)| careless.named).count();
    let passed = judged.iter().filter(|(_, careful)| careful.passed).count();
    let all = judged.len();
    let share = |k: usize| {
        let p = k as f64 / all.max(1) as f64;
        let [low, high] = wilson_interval(p, all as f64, LEVEL);
        (p, [low, high])
    };
    let (sensitivity, specificity) = (share(found), share(passed));
    let rows: Vec<_> = pairs
        .iter()
        .zip(judged)
        .map(|(pair, (careless, careful))| {
            json!({"pair": pair.name, "about": pair.about, "case": pair.case, "check": pair.check,
                   "named": careless.named, "careless_failed": !careless.passed,
                   "careless_failing": careless.failing, "twin_passed": careful.passed,
                   "twin_failing": careful.failing})
        })
        .collect();
    let value = json!({
        "schema": "rounds.self-test-result/1", "notice": NOTICE, "pairs": rows,
        "sensitivity": {"mean": sensitivity.0, "ci95": sensitivity.1, "k": found, "n": all},
        "specificity": {"mean": specificity.0, "ci95": specificity.1, "k": passed, "n": all},
        "timing": {"wall_s": wall_s},
    });
    write_whole(&folder.join("self-test.json"), &pretty(&value))?;
    if arguments.common.json {
        print(&String::from_utf8_lossy(&pretty(&value)));
    } else {
        let width = pairs.iter().map(|pair| pair.name.len()).max().unwrap_or(0);
        let mut text = String::from("Careless policies and their careful twins\n");
        for (pair, (careless, careful)) in pairs.iter().zip(judged) {
            let named = if careless.named { "named" } else { "MISSED" };
            let twin = if careful.passed { "passes" } else { "FAILS" };
            let _ = write!(
                text,
                "  {:width$}  {}/{}: {named}; twin {twin}",
                pair.name, pair.case, pair.check
            );
            if !careful.passed {
                let _ = write!(text, " ({})", careful.failing.join(", "));
            }
            text.push('\n');
        }
        let line = |name: &str, k: usize, (p, [low, high]): (f64, [f64; 2])| {
            format!("{name}  {p:.3} [{low:.3}, {high:.3}]  {k} of {all}\n")
        };
        text.push_str(&line("\nsensitivity", found, sensitivity));
        text.push_str(&line("specificity", passed, specificity));
        let _ = writeln!(text, "\nRuns: {}\n\n{NOTICE}", folder.display());
        print(&text);
    }
    let mut unmet = Vec::new();
    for (pair, (careless, careful)) in pairs.iter().zip(judged) {
        if !careless.named {
            unmet.push(format!("{}: {} does not name it", pair.name, pair.check));
        }
        if !careful.passed {
            unmet.push(format!("{}: its careful twin fails", pair.name));
        }
    }
    match unmet.is_empty() {
        true => Ok(()),
        false => Err(not_met(&unmet)),
    }
}
