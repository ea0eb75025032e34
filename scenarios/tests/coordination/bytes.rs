//! The same seed gives the same bytes; a finished run can be scored again, shown and compared.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{place, says, shipped, text};

/// The summary without what wall time goes into.
fn summary(run: &Path) -> Value {
    let bytes = fs::read(run.join("summary.json")).unwrap();
    let mut value: Value = serde_json::from_slice(&bytes).unwrap();
    value.as_object_mut().unwrap().remove("timing").unwrap();
    value
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    let folder = place();
    for scenario in ["tracking.toml", "ekf.toml", "coverage.toml"] {
        let runs = ["1", "2", "4"].map(|jobs| {
            let run = folder.path().join(format!("{scenario}-{jobs}"));
            let set = [
                "--set",
                "agents.team.policy=ma-spl",
                "--set",
                "limits.rounds=30",
            ];
            let rest = [
                "--episodes",
                "6",
                "--jobs",
                jobs,
                "--quiet",
                "--out",
                text(&run),
            ];
            says(
                shipped(),
                &[&["run", scenario], &set[..], &rest[..]].concat(),
            );
            run
        });
        for file in [
            "events.jsonl",
            "episodes.parquet",
            "rounds.parquet",
            "manifest.json",
        ] {
            let first = fs::read(runs[0].join(file)).unwrap();
            assert!(!first.is_empty());
            for run in &runs[1..] {
                assert_eq!(
                    first,
                    fs::read(run.join(file)).unwrap(),
                    "{scenario}: {file}"
                );
            }
        }
        assert_eq!(summary(&runs[0]), summary(&runs[2]), "{scenario}");
    }
}

#[test]
fn a_finished_run_is_scored_again_to_the_same_bytes() {
    let folder = place();
    let run = folder.path().join("run");
    says(
        folder.path(),
        &["run", "small.toml", "--quiet", "--out", text(&run)],
    );
    let kept = ["summary.json", "episodes.parquet", "rounds.parquet"];
    let before = kept.map(|file| fs::read(run.join(file)).unwrap());
    for file in &kept[1..] {
        fs::remove_file(run.join(file)).unwrap();
    }
    says(folder.path(), &["score", text(&run)]);
    let after = kept.map(|file| fs::read(run.join(file)).unwrap());
    assert_eq!(before, after);
}

#[test]
fn a_run_is_told_round_by_round() {
    let folder = place();
    let run = folder.path().join("run");
    says(
        folder.path(),
        &["run", "small.toml", "--quiet", "--out", text(&run)],
    );
    let list = says(folder.path(), &["show", text(&run)]);
    assert!(list.contains("of the reference"), "{list}");
    let story = says(folder.path(), &["show", text(&run), "1"]);
    for part in [
        "4 agents with 96 actions in all",
        "1. utility",
        "20. utility",
        "Sent: 240 messages",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
}

#[test]
fn two_runs_are_compared_episode_by_episode() {
    let folder = place();
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    let run = |out: &Path, kind: &str| {
        let set = format!("policies.agents={{kind=\"{kind}\"}}");
        let rest = ["--episodes", "6", "--quiet", "--out", text(out)];
        says(
            folder.path(),
            &[&["run", "small.toml", "--set", &set], &rest[..]].concat(),
        );
    };
    run(&a, "greedy");
    run(&b, "random");
    let text = says(folder.path(), &["compare", text(&a), text(&b)]);
    assert!(text.contains("utility") && text.contains("worse"), "{text}");
}

#[test]
fn the_report_shows_what_its_reader_came_for() {
    let folder = place();
    let out = folder.path().join("bench");
    let base = fs::read_to_string(folder.path().join("small.toml")).unwrap();
    let arms = r#"
[policies.greedy]
kind = "greedy"

[[arms]]
name = "learns"

[[arms]]
name = "knows"
set = { "agents.team.policy" = "greedy" }
"#;
    fs::write(folder.path().join("small.toml"), base + arms).unwrap();
    says(
        folder.path(),
        &["bench", "small.toml", "--quiet", "--out", text(&out)],
    );
    let report = fs::read_to_string(out.join("report.html")).unwrap();
    for part in [
        "Running average utility",
        "Regret and guarantees",
        "0.632 = 1-c/e",
        "messages a round",
        "Agents and targets",
        "learns, first episode",
    ] {
        assert!(report.contains(part), "{part}");
    }
    let outside = ["<script src", "<link", "<img", "@import", "url(http"];
    assert!(outside.iter().all(|word| !report.contains(word)));
    assert!(!report.contains("clinical use"), "nothing clinical is here");
}
