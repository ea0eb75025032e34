//! `rounds bench --until`: replicates until the answer is precise, by the real binary.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

fn rounds(arguments: &[&str]) -> (Option<i32>, Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env("NO_COLOR", "1")
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.stdout, errors)
}

/// Two teams on 25 patients a replication.
const TEAMS: [&str; 6] = [
    "bench",
    "scenarios/ward.toml",
    "--episodes",
    "25",
    "--vary",
    "agents.team.kind=solo-fixed,generalist",
];

#[track_caller]
fn bench(rule: &str, more: &[&str]) -> Value {
    let arguments = [&TEAMS[..], &["--json", "--until", rule], more].concat();
    let (code, out, errors) = rounds(&arguments);
    assert_eq!(code, Some(0), "{errors}");
    let mut summary: Value = serde_json::from_slice(&out).unwrap();
    summary.as_object_mut().unwrap().remove("timing");
    summary
}

fn folder(of: &tempfile::TempDir, name: &str) -> (PathBuf, String) {
    let path = of.path().join(name);
    let text = path.display().to_string();
    (path, text)
}

/// Half-widths of a metric in every arm.
fn half_widths(summary: &Value, metric: &str) -> Vec<f64> {
    let arms = summary["arms"].as_array().unwrap();
    let half = |arm: &Value| {
        let ci = &arm["metrics"][metric]["ci95"];
        0.5 * (ci[1].as_f64().unwrap() - ci[0].as_f64().unwrap())
    };
    arms.iter().map(half).collect()
}

#[test]
fn every_arm_is_replicated_until_its_interval_is_narrow() {
    let place = tempfile::tempdir().unwrap();
    let (path, out) = folder(&place, "bench");
    let summary = bench("ci(hit@1) < 0.07", &["--out", &out]);
    let until = &summary["until"];
    let count = until["replications"].as_u64().unwrap();
    assert_eq!(until["reached"], true);
    assert!(count > 2 && count < 50, "{count}");
    let widest = half_widths(&summary, "hit@1")
        .into_iter()
        .fold(0.0, f64::max);
    assert!(widest < 0.07);
    assert!((until["half_width"].as_f64().unwrap() - widest).abs() < 1e-12);
    assert_eq!(summary["arms"][0]["metrics"]["hit@1"]["n"], 25 * count);
    assert_eq!(
        fs::read_dir(path.join("arms")).unwrap().count() as u64,
        2 * count
    );

    // Interrupted in the last replication, and before: continued to the same summary.
    let mut folders: Vec<PathBuf> = fs::read_dir(path.join("arms"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    let last = folders.last().unwrap();
    for file in ["summary.json", "report.html"] {
        fs::remove_file(path.join(file)).unwrap();
    }
    fs::rename(last.join("events.jsonl"), last.join("events.partial.jsonl")).unwrap();
    let events = fs::read(last.join("events.partial.jsonl")).unwrap();
    fs::write(
        last.join("events.partial.jsonl"),
        &events[..events.len() / 2],
    )
    .unwrap();
    assert_eq!(bench("ci(hit@1) < 0.07", &["--resume", &out]), summary);
    assert!(fs::read(last.join("events.jsonl")).unwrap() == events);
    assert_eq!(bench("ci(hit@1) < 0.07", &["--resume", &out]), summary);

    // Asked for more, it goes on, and the fresh bench of the same rule is the same.
    let finer = bench("ci(hit@1) < 0.06", &["--resume", &out]);
    assert!(finer["until"]["replications"].as_u64().unwrap() > count);
    let (_, fresh) = folder(&place, "fresh");
    assert_eq!(
        bench("ci(hit@1) < 0.06", &["--out", &fresh, "--jobs", "1"]),
        finer
    );
    let (code, scored, errors) = rounds(&["score", &out, "--json"]);
    assert_eq!(code, Some(0), "{errors}");
    let scored: Value = serde_json::from_slice(&scored).unwrap();
    assert_eq!(
        (&scored["arms"], &scored["until"]),
        (&finer["arms"], &finer["until"])
    );
}

#[test]
fn a_difference_is_looked_at_by_name() {
    let place = tempfile::tempdir().unwrap();
    let (_, out) = folder(&place, "bench");
    let rule = "ci(hit@1, agents.team.kind=solo-fixed - agents.team.kind=generalist) < 0.1";
    let summary = bench(rule, &["--out", &out]);
    let found = summary["comparisons"]
        .as_array()
        .unwrap()
        .iter()
        .find(|c| c["metric"] == "hit@1")
        .unwrap();
    let half = 0.5 * (found["ci95"][1].as_f64().unwrap() - found["ci95"][0].as_f64().unwrap());
    assert!(half < 0.1);
    assert!((summary["until"]["half_width"].as_f64().unwrap() - half).abs() < 1e-12);
}

#[test]
fn a_bench_that_does_not_get_there_says_how_far_it_came() {
    let place = tempfile::tempdir().unwrap();
    let (_, out) = folder(&place, "bench");
    let rule = [
        "--until",
        "ci(hit@1) < 0.001",
        "--at-most",
        "3",
        "--quiet",
        "--out",
        &out,
    ];
    let (code, text, errors) = rounds(&[&TEAMS[..], &rule].concat());
    assert_eq!(code, Some(0), "{errors}");
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("not reached with 3 replications"), "{text}");
    let summary = fs::read(Path::new(&out).join("summary.json")).unwrap();
    let summary: Value = serde_json::from_slice(&summary).unwrap();
    assert_eq!(summary["until"]["reached"], false);
    assert_eq!(summary["until"]["replications"], 3);
    assert_eq!(summary["until"]["at_most"], 3);
}

#[test]
fn replications_on_records_are_repeats_of_the_same_cases() {
    let place = tempfile::tempdir().unwrap();
    let (_, out) = folder(&place, "bench");
    let (code, text, errors) = rounds(&[
        "bench",
        "scenarios/records.toml",
        "--json",
        "--until",
        "ci(hit@1) < 0.05",
        "--at-most",
        "4",
        "--out",
        &out,
    ]);
    assert_eq!(code, Some(0), "{errors}");
    let summary: Value = serde_json::from_slice(&text).unwrap();
    // Twelve records stay twelve cases: more of the same do not make the answer precise.
    assert_eq!(summary["arms"][0]["metrics"]["questions"]["n"], 48);
    assert_eq!(summary["until"]["reached"], false);
    assert!(half_widths(&summary, "questions")[0] > 0.0);
}

#[test]
fn a_wrong_rule_is_underlined_with_the_nearest_name() {
    let place = tempfile::tempdir().unwrap();
    let (path, out) = folder(&place, "bench");
    for (rule, parts) in [
        (
            "ci(hit@2) < 0.02",
            &["no metric `hit@2`", "--until:1:4", "did you mean `hit@1`?"][..],
        ),
        ("ci(hit@1) > 0.02", &["`--until` takes", "expected `<`"]),
        (
            "ci(hit@1) < 2 %",
            &["expected a number above 0", "--until:1:13"],
        ),
        (
            "ci(hit@1, agents.team.kind=solo-fixed - agents.team.kind=generalits) < 0.1",
            &["no arm `agents.team.kind=generalits`", "did you mean"],
        ),
    ] {
        let (code, _, errors) = rounds(&[&TEAMS[..], &["--until", rule, "--out", &out]].concat());
        assert_eq!(code, Some(2), "{errors}");
        for part in parts {
            assert!(errors.contains(part), "{rule}: {errors}");
        }
    }
    for (more, part) in [
        (&["--at-most", "3"][..], "--until"),
        (
            &["--until", "ci(hit@1) < 0.1", "--at-most", "0"],
            "from 1 to 10000",
        ),
        (
            &["--until", "ci(hit@1) < 0.1", "--seeds", "1..3"],
            "--seeds",
        ),
    ] {
        let (code, _, errors) = rounds(&[&TEAMS[..], more, &["--out", &out]].concat());
        assert_eq!(code, Some(2), "{errors}");
        assert!(errors.contains(part), "{errors}");
    }
    assert!(!path.exists());
}
