//! Control environments that a language model plays, among agents that learnt.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{arms, mean, read, says, text};

/// A scenario whose agents say one of `replies`.
fn scenario(environment: &str, replies: &str) -> String {
    format!(
        r#"schema = "rounds.scenario/1"
name = "asked"
seed = 7
episodes = 3

[environment]
kind = "{environment}"

[limits]
rounds = 8

[models.player]
kind = "scripted"
replies = [{replies}]
delay_ms = [0, 2]

[agents.team]
policy = "asked"

[policies.asked]
kind = "language"
model = "player"
re_asks = 4
history = 2

[policies.expert]
kind = "expert"
"#
    )
}

/// One reply is words, and one an action that there is not.
const CART: &str = r#"'{"action": 0}', 'To the left, I should say.', '{"action": 1}', '{"action": 0}', '{"action": 7}',
    '{"action": 1}'"#;
const POINT: &str = r#"'{"action": [-0.5, 0.25]}', '{"action": [0.1]}', '{"action": [2, 0]}', '{"action": [0, 1]}'"#;

/// Log, calls and summary of a run.
fn run(file: &Path, name: &str, more: &[&str]) -> (String, String, Value) {
    let out = file.with_file_name(name);
    let command = ["run", text(file), "--quiet", "--out", text(&out)];
    says(&[&command, more].concat());
    let summary = serde_json::from_str(&read(&out.join("summary.json"))).unwrap();
    (
        read(&out.join("events.jsonl")),
        read(&out.join("calls.jsonl")),
        summary,
    )
}

fn lines(log: &str) -> impl Iterator<Item = Value> {
    log.lines().map(|line| serde_json::from_str(line).unwrap())
}

#[test]
fn what_is_asked_is_played_counted_and_replayed() {
    for (environment, replies, ask) in [
        ("cart-pole", CART, "pushed to the left (action 0)"),
        ("point-mass", POINT, "\\\"minItems\\\":2"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("asked.toml");
        fs::write(&file, scenario(environment, replies)).unwrap();
        let (events, calls, summary) = run(&file, "one", &["--jobs", "1"]);
        assert_eq!(summary["episodes"]["done"], 3, "{events}");
        assert!(calls.contains(ask), "{ask}: {calls}");

        let malformed: f64 = lines(&events)
            .filter(|line| line["kind"] == "malformed_reply")
            .map(|line| line["replies"].as_f64().unwrap())
            .sum();
        let acted = lines(&events).filter(|line| line["kind"] == "acted");
        let acted = acted.count() as f64;
        let metrics = &summary["arms"][0]["metrics"];
        let counted = metrics["malformed"]["mean"].as_f64().unwrap();
        assert!(malformed > 0.0 && (3.0 * counted - malformed).abs() < 1e-9);
        // Each step is one reply that can be used, unless none came.
        let neutral = 3.0 * metrics["neutral"]["mean"].as_f64().unwrap();
        assert_eq!(calls.lines().count() as f64, acted + malformed - neutral);
        assert_eq!(
            summary["calls"]["count"].as_f64(),
            Some(acted + malformed - neutral)
        );
        for metric in ["return", "score"] {
            assert!(metrics[metric]["mean"].is_f64(), "{metric}: {metrics}");
        }

        let recorded = file.with_file_name("one").join("calls.jsonl");
        for (name, more) in [
            ("two", &["--jobs", "2"][..]),
            ("slow", &["--set", "limits.in_flight=1"]),
            ("replayed", &["--replay", text(&recorded)]),
        ] {
            assert!(run(&file, name, more).0 == events, "{environment}, {name}");
        }
        // As if it had been killed with half of its calls made.
        let resumed = file.with_file_name("resumed");
        fs::create_dir(&resumed).unwrap();
        let manifest = file.with_file_name("one").join("manifest.json");
        fs::copy(manifest, resumed.join("manifest.json")).unwrap();
        let half: Vec<&str> = calls.lines().take(calls.lines().count() / 2).collect();
        fs::write(resumed.join("calls.jsonl"), half.join("\n") + "\n").unwrap();
        says(&["run", text(&file), "--quiet", "--resume", text(&resumed)]);
        assert!(read(&resumed.join("events.jsonl")) == events);
    }
}

#[test]
fn who_is_asked_has_the_starts_of_the_others_and_is_compared_by_them() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asked.toml");
    let arms_of = "[[arms]]\nname = \"asked\"\n[[arms]]\nname = \"expert\"\n\
                   set = { \"agents.team.policy\" = \"expert\" }\n";
    fs::write(&file, scenario("point-mass", POINT) + arms_of).unwrap();
    for repeats in ["1", "2"] {
        let out = folder.path().join(repeats);
        let set = format!("repeats={repeats}");
        let (found, _) = says(&[
            "bench",
            text(&file),
            "--json",
            "--set",
            &set,
            "--out",
            text(&out),
        ]);
        let summary: rounds::statistics::Summary = serde_json::from_str(&found).unwrap();
        let compared = summary.comparisons.iter().find(|c| c.metric == "return");
        let compared = compared.unwrap();
        assert!(compared.difference.is_some(), "{repeats}: {compared:?}");
        assert!(mean(&summary, "asked", "score") < mean(&summary, "expert", "score"));
        // What the first step earns hangs on the start, and a little on the action.
        let logs = arms(&out).into_iter().map(|arm| {
            let log = read(&arm.join("events.jsonl"));
            let began: Vec<(u64, u64)> = lines(&log)
                .filter(|line| line["kind"] == "began")
                .map(|line| {
                    ["start", "training"]
                        .map(|key| line[key].as_u64().unwrap())
                        .into()
                })
                .collect();
            let first: Vec<f64> = lines(&log)
                .filter(|line| line["kind"] == "acted" && line["r"] == 1)
                .map(|line| line["reward"].as_f64().unwrap())
                .collect();
            (began, first)
        });
        let [(began, asked), (same, expert)] = &logs.collect::<Vec<_>>()[..] else {
            panic!("two arms");
        };
        assert_eq!(began, same);
        assert!(!asked.is_empty());
        for (a, b) in asked.iter().zip(expert) {
            assert!((a - b).abs() < 0.021, "{a} and {b}");
        }
    }
}

#[test]
fn where_no_reply_can_be_used_there_may_be_no_action_to_take() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("asked.toml");
    fs::write(&file, scenario("cart-pole", "'Let me think.'")).unwrap();
    let (events, _, summary) = run(&file, "run", &[]);
    assert_eq!(summary["episodes"]["failed"], 3);
    assert!(events.contains("it has no neutral action"), "{events}");

    fs::write(&file, scenario("point-mass", "'Let me think.'")).unwrap();
    let (events, _, summary) = run(&file, "still", &[]);
    assert_eq!(summary["episodes"]["done"], 3);
    let metrics = &summary["arms"][0]["metrics"];
    assert_eq!(metrics["neutral"]["mean"], 8.0);
    assert_eq!(metrics["malformed"]["mean"], 40.0);
    let acted = lines(&events).filter(|line| line["kind"] == "acted");
    for line in acted {
        assert_eq!(line["action"], serde_json::json!([0.0, 0.0]));
    }
}
