//! A staff that asks a language model where to stand.

use std::fs;

use super::{SHIPPED, done};

#[test]
fn a_staff_that_is_asked_gives_the_same_bytes_and_can_be_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let model = "models.m={ kind = \"scripted\", delay_ms = [0, 2], replies = ['{\"action\": 0}', \
                 '{\"action\": 1}', '{\"action\": null}', 'Bed 3, I should say.'] }";
    let run = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let command = [
            "run",
            SHIPPED,
            "--quiet",
            "--episodes",
            "2",
            "--out",
            out.to_str().unwrap(),
            "--set",
            model,
            "--set",
            "policies.rota={ kind = \"language\", model = \"m\", re_asks = 1 }",
            "--set",
            "environment.day_minutes=120",
            "--set",
            "environment.warm_up_minutes=0",
            "--set",
            "environment.restricted_to_minutes=60",
        ];
        done(&[&command, more].concat());
        let read = |file: &str| fs::read_to_string(out.join(file)).unwrap();
        (
            read("events.jsonl"),
            read("calls.jsonl"),
            read("summary.json"),
        )
    };
    let (events, calls, summary) = run("one", &["--jobs", "1"]);
    assert!(events.contains("\"malformed_reply\"") && events.contains("\"assigned\""));
    let summary: serde_json::Value = serde_json::from_str(&summary).unwrap();
    let metrics = &summary["arms"][0]["metrics"];
    let mean = |name: &str| metrics[name]["mean"].as_f64().unwrap();
    assert!(mean("malformed") > mean("neutral") && mean("neutral") > 0.0);
    assert_eq!(summary["episodes"]["done"], 2);
    assert!(calls.contains("acuity") && !calls.contains("\"truth\""));
    assert_eq!(run("two", &["--jobs", "2"]).0, events);
    let recorded = folder.path().join("one/calls.jsonl");
    let replayed = run("again", &["--replay", recorded.to_str().unwrap()]);
    assert_eq!(replayed.0, events);
}
