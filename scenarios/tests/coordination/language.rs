//! Agents that ask a language model: the same bytes however it is run, replay and resume, replies that
//! cannot be read, and clear words for what cannot be.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{place, refuses, says, shipped, text};

const SCENARIO: &str = "tracking-language.toml";

/// Runs the shipped arm that asks into `folder`.
fn run(folder: &Path, name: &str, more: &[&str]) -> PathBuf {
    let run = folder.join(name);
    let command = ["run", SCENARIO, "--quiet", "--out", text(&run)];
    says(shipped(), &[&command, more].concat());
    run
}

fn read(run: &Path, file: &str) -> String {
    fs::read_to_string(run.join(file)).unwrap()
}

fn metric(run: &Path, name: &str) -> Value {
    let summary: Value = serde_json::from_str(&read(run, "summary.json")).unwrap();
    summary["arms"][0]["metrics"][name]["mean"].clone()
}

#[test]
fn jobs_replays_and_resumed_runs_give_the_same_bytes() {
    let folder = place();
    let first = run(folder.path(), "one", &["--jobs", "1"]);
    let events = read(&first, "events.jsonl");
    let calls = read(&first, "calls.jsonl");
    // A call an agent and round; one more where agent 3 had to be asked again, two where agent 2 was.
    assert_eq!(calls.lines().count(), 4 * (4 * 15 + 3));
    assert_eq!(metric(&first, "malformed"), 4.0);
    assert_eq!(metric(&first, "neutral"), 1.0);
    assert!(metric(&first, "utility").as_f64().unwrap() > 0.0);
    for jobs in ["2", "4"] {
        assert_eq!(
            read(&run(folder.path(), jobs, &["--jobs", jobs]), "events.jsonl"),
            events
        );
    }
    let held = [
        "--set",
        "limits.in_flight=1",
        "--set",
        "models.player.delay_ms=[0,3]",
    ];
    assert_eq!(
        read(&run(folder.path(), "slow", &held), "events.jsonl"),
        events
    );
    let recorded = first.join("calls.jsonl");
    let replayed = run(folder.path(), "replayed", &["--replay", text(&recorded)]);
    assert_eq!(read(&replayed, "events.jsonl"), events);
    // As if it had been killed with half of its calls made and no episode finished.
    let resumed = folder.path().join("resumed");
    fs::create_dir(&resumed).unwrap();
    fs::copy(first.join("manifest.json"), resumed.join("manifest.json")).unwrap();
    let half: Vec<&str> = calls.lines().take(120).collect();
    fs::write(resumed.join("calls.jsonl"), half.join("\n") + "\n").unwrap();
    says(
        shipped(),
        &["run", SCENARIO, "--quiet", "--resume", text(&resumed)],
    );
    assert_eq!(read(&resumed, "events.jsonl"), events);
    assert_eq!(
        read(&resumed, "calls.jsonl").lines().count(),
        calls.lines().count()
    );
}

#[test]
fn every_world_can_be_asked_about() {
    let folder = place();
    for (scenario, words) in [
        ("ekf.toml", ["spread", "estimates"]),
        ("coverage.toml", ["look at", "square"]),
        ("objective.toml", ["would_have_gained", "act together"]),
    ] {
        let run = folder.path().join(scenario);
        let model =
            "models.m={ kind = \"scripted\", replies = ['{\"action\": 0}', '{\"action\": 1}'] }";
        says(
            shipped(),
            &[
                "run",
                scenario,
                "--quiet",
                "--episodes",
                "1",
                "--out",
                text(&run),
                "--set",
                model,
                // The policy of the first arm, where there are arms.
                "--set",
                "policies.random={ kind = \"language\", model = \"m\" }",
                "--set",
                "agents.team.policy=random",
                "--set",
                "limits.rounds=3",
            ],
        );
        let calls = read(&run, "calls.jsonl");
        for word in words {
            assert!(calls.contains(word), "{scenario}: {word}");
        }
    }
}

#[test]
fn what_cannot_be_is_said_where_it_stands() {
    let folder = place();
    let says_of = |set: &[&str]| {
        let set: Vec<&str> = set.iter().flat_map(|set| ["--set", set]).collect();
        refuses(
            folder.path(),
            &[&["check", "small.toml"], &set[..]].concat(),
        )
    };
    let told = says_of(&["policies.agents={ kind = \"language\", model = \"player\" }"]);
    assert!(told.contains("player") && told.contains("models"), "{told}");
    let told = says_of(&["policies.agents={ kind = \"language\" }"]);
    assert!(told.contains("policies.agents.model"), "{told}");
    let model = "models.player={ kind = \"scripted\", replies = [\"x\"] }";
    let told = says_of(&[
        model,
        "policies.agents={ kind = \"language\", model = \"plaier\" }",
    ]);
    assert!(told.contains("player"), "{told}");
    let told = says_of(&[
        model,
        "policies.agents={ kind = \"language\", model = \"player\", eta0 = 1 }",
    ]);
    assert!(told.contains("eta0") && told.contains("history"), "{told}");
    let told = says_of(&["policies.agents.kind=langage"]);
    assert!(told.contains("language"), "{told}");
}

#[test]
fn a_model_of_the_command_line_is_asked_and_one_that_is_not_there_fails_each_episode() {
    let folder = place();
    let run = folder.path().join("run");
    let output = super::rounds(
        folder.path(),
        &[
            "run",
            "small.toml",
            "--quiet",
            "--json",
            "--out",
            text(&run),
            "--model",
            "http://127.0.0.1:9/v1#nobody",
            "--set",
            "models.model.attempts=1",
        ],
    );
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| {
        panic!("{}", String::from_utf8_lossy(&output.stderr));
    });
    assert_eq!(summary["episodes"]["failed"], 2);
    let events = read(&run, "events.jsonl");
    assert!(events.contains("model call failed"), "{events}");
}
