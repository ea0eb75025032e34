//! How fast stored visits are scored again by the checks of their case, on one core, against
//! reading their log alone: `cargo bench -p rounds-tests --bench rescore`.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;

use measure::timed;
use rounds::clinic::build;
use rounds::run::{EpisodeReader, ExecuteOptions, RunDirectory, execute, score_run};
use rounds::schema::{Overrides, Scenario};
use rounds::speech::Cassette;

/// Visits that are stored.
const VISITS: u32 = 10_000;

/// A case of ten checks, each with another predicate.
const CASE: &str = r#"schema = "rounds.case/1"
id = "clot"
title = "Sudden breathlessness"
licence = "CC0-1.0"

[patient]
opening = "I suddenly cannot breathe."
reveals = ["shortness_of_breath"]
default_fact = "typical"
default_test_result = "typical"

[patient.facts]
shortness_of_breath = { say = "Since this morning." }
leg_swelling = { say = "My left calf is swollen." }

[pass]
score = 0.3

[truth]
diagnosis = "Pulmonary embolism"
"#;

/// The predicates of its checks.
const CHECKS: [&str; 10] = [
    "asked(leg_swelling)",
    "before(asked(any), ordered(any))",
    "within(3, asked(breathing_region_trouble))",
    "count(ordered(any)) <= 3",
    "repeated()",
    "said(doctor, /swollen/i)",
    "diagnosis(rank<=1)",
    "not diagnosis(rank<=10)",
    "leaked(truth)",
    "cost < 2000 and rounds <= 9 and stop_reason == diagnosed",
];

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let mut case = CASE.to_owned();
    for (number, when) in CHECKS.iter().enumerate() {
        let points = if number == 0 { 5 } else { 1 };
        case.push_str(&format!(
            "\n[[checks]]\nid = \"c{number}\"\nwhen = \"{when}\"\npoints = {points}\n"
        ));
    }
    std::fs::write(folder.path().join("case.toml"), case).expect("the case can be written");
    let scenario = format!(
        r#"schema = "rounds.scenario/1"
name = "rescore"
repeats = {VISITS}

[environment]
kind = "clinic"
patients = {{ cases = ["case.toml"] }}
noise = {{ unknown = 0.1, flipped = 0.05 }}

[agents.team]
kind = "generalist"
policy = "doctor"

[policies.doctor]
kind = "knowledge"
"#
    );
    let base = folder.path().to_owned();
    let set = Scenario::from_toml("rescore", &scenario, base, &Overrides::default())
        .expect("the scenario is sound");
    let built = build(&set, &set.arms[0], &Cassette::default()).expect("the case is sound");
    let out = folder.path().join("run");
    let options = ExecuteOptions {
        out: out.clone(),
        resume: false,
        jobs: 1,
    };
    let (_, ran) = timed(|| execute(&built.experiment, &options, &mut |_, _| {}).expect("it runs"));
    let events = out.join(RunDirectory::EVENTS);
    let read = || {
        let reader = EpisodeReader::open(&events).expect("the log is there");
        reader
            .map(|e| e.expect("the log is whole").events.len())
            .sum::<usize>()
    };
    let (lines, alone) = timed(read);
    let mut passed = 0_u32;
    let score = &*built.experiment.score;
    let (_, scored) = timed(|| {
        score_run(&out, score, |_, scored| {
            passed += u32::from(scored.row.metrics.get("passed") == Some(&Some(1.0)));
            Ok(())
        })
    });
    let seconds = |took: measure::Took| took.cpu.as_secs_f64();
    println!(
        "{VISITS} visits of {} checks, {lines} events, {passed} passed",
        CHECKS.len()
    );
    println!("  run               {:.2} s wall", ran.wall.as_secs_f64());
    println!("  reading the log   {:.2} s CPU", seconds(alone));
    println!(
        "  scoring them      {:.2} s CPU, {:.2} times the reading",
        seconds(scored),
        seconds(scored) / seconds(alone)
    );
}
