//! `--seeds A..B`: several seeds are one result, and each is what it is alone.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::Path;
use std::process::Command;

use rounds::statistics::Summary;

fn rounds(arguments: &[&str]) -> (Option<i32>, Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.stdout, errors)
}

fn summary(arguments: &[&str]) -> Summary {
    let (code, out, errors) = rounds(arguments);
    assert_eq!(code, Some(0), "{errors}");
    serde_json::from_slice(&out).unwrap()
}

const WARD: [&str; 5] = ["run", "scenarios/ward.toml", "--json", "--episodes", "20"];

#[test]
fn each_seed_is_the_run_that_it_is_alone() {
    let folder = tempfile::tempdir().unwrap();
    let [all, one] = ["all", "one"].map(|name| folder.path().join(name).display().to_string());
    let of_all = summary(&[&WARD[..], &["--seeds", "8..11", "--out", &all]].concat());
    assert_eq!((of_all.episodes.asked, of_all.episodes.done), (60, 60));
    assert_eq!(of_all.arms[0].metrics["hit@1"]["n"], 60);
    summary(&[&WARD[..], &["--seed", "9", "--out", &one]].concat());
    let of_seed = Path::new(&all).join("arms/00-default-seed-09/events.jsonl");
    let alone = Path::new(&one).join("events.jsonl");
    assert!(fs::read(of_seed).unwrap() == fs::read(alone).unwrap());

    let scored = summary(&["score", &all, "--json"]);
    assert_eq!(scored.arms, of_all.arms);
    let resumed = summary(&[&WARD[..], &["--seeds", "8..11", "--resume", &all]].concat());
    assert_eq!(resumed, of_all);
    let (code, _, errors) = rounds(&[&WARD[..], &["--seeds", "8..12", "--resume", &one]].concat());
    assert_eq!(code, Some(2), "{errors}");
}

#[test]
fn arms_are_paired_by_seed_and_case() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bench").display().to_string();
    let vary = "agents.team.kind=solo-fixed,generalist";
    let bench = summary(&[
        "bench",
        "scenarios/ward.toml",
        "--json",
        "--episodes",
        "30",
        "--seeds",
        "1..5",
        "--vary",
        vary,
        "--out",
        &out,
    ]);
    assert_eq!(bench.arms.len(), 2);
    assert!(
        bench
            .arms
            .iter()
            .all(|arm| arm.metrics["hit@1"]["n"] == 120)
    );
    let hit = bench
        .comparisons
        .iter()
        .find(|c| c.metric == "hit@1")
        .unwrap();
    assert_eq!(hit.verdict, "worse", "{hit:?}");
}

#[test]
fn a_range_that_is_none_is_refused() {
    for (seeds, part) in [("5", "A..B"), ("5..5", "A..B"), ("0..99999", "at most")] {
        let (code, _, errors) = rounds(&[&WARD[..], &["--seeds", seeds]].concat());
        assert_eq!(code, Some(2));
        assert!(errors.contains(part), "{errors}");
    }
    let (code, _, errors) = rounds(&[&WARD[..], &["--seeds", "1..3", "--seed", "4"]].concat());
    assert_eq!(code, Some(2), "{errors}");
}
