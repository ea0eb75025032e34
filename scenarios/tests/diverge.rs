//! `--replay CALLS --diverge-at E:R` by the real binary: a recorded run whose course is left in one
//! round of one episode.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts");
    folder.join(name).display().to_string()
}

fn rounds(at: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command.current_dir(at).args(arguments).output().unwrap()
}

fn run(at: &Path, more: &[&str]) {
    let scenario = script("spoken.toml");
    let fixed = ["run", &scenario, "--episodes", "8", "--quiet"];
    let output = rounds(at, &[&fixed[..], more].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{more:?}: {errors}");
}

fn read(at: &Path, name: &str) -> String {
    fs::read_to_string(at.join(name)).unwrap()
}

/// Events of an episode, without their numbers.
fn course(text: &str, episode: u32) -> Vec<&str> {
    let mine = format!("{{\"e\":{episode},");
    text.lines()
        .filter(|line| line.starts_with(&mine))
        .collect()
}

fn round_of(line: &str) -> u64 {
    let event: Value = serde_json::from_str(line).unwrap();
    event["r"].as_u64().unwrap()
}

/// The run that was recorded, and a place in it where others are asked.
fn recorded(at: &Path) -> (u32, u64) {
    run(at, &["--out", "a"]);
    let events = read(at, "a/events.jsonl");
    // An episode that goes on past round 3.
    let long = (0..8).find(|&episode| {
        let course = course(&events, episode);
        course.last().is_some_and(|last| round_of(last) > 3)
    });
    (long.unwrap(), 3)
}

fn hasty() -> String {
    format!("models.clinicians.script=\"{}\"", script("hasty.toml"))
}

#[test]
fn the_new_course_is_the_recorded_one_up_to_its_round_and_live_after() {
    let at = TempDir::new().unwrap();
    let at = at.path();
    let (episode, round) = recorded(at);
    let place = format!("{episode}:{round}");
    let hasty = hasty();
    let replay = [
        "--replay",
        "a/calls.jsonl",
        "--diverge-at",
        &place,
        "--set",
        &hasty,
    ];
    run(at, &[&replay[..], &["--out", "b"]].concat());
    let (old, new) = (read(at, "a/events.jsonl"), read(at, "b/events.jsonl"));
    for other in (0..8).filter(|&other| other != episode) {
        assert_eq!(course(&old, other), course(&new, other), "episode {other}");
    }
    let before = |text| -> Vec<String> {
        let lines = course(text, episode).into_iter();
        lines
            .filter(|line| round_of(line) < round)
            .map(str::to_owned)
            .collect()
    };
    assert!(!before(&old).is_empty());
    assert_eq!(before(&old), before(&new));
    assert_ne!(course(&old, episode), course(&new, episode));
    assert_eq!(
        round_of(course(&new, episode).last().unwrap()),
        round,
        "it ends at once"
    );

    let manifest: Value = serde_json::from_str(&read(at, "b/manifest.json")).unwrap();
    assert_eq!(manifest["diverged"]["episode"], episode);
    assert_eq!(manifest["diverged"]["round"], round);
    assert_eq!(manifest["diverged"]["calls"], "a/calls.jsonl");
    let recorded = read(at, "b/recorded.events.jsonl");
    assert_eq!(course(&recorded, episode), course(&old, episode));
    let page = read(at, "b/report.html");
    assert!(page.contains(&format!("Two courses of episode {episode}")));
    assert!(page.contains("recorded course") && page.contains("new course"));
    assert_eq!(page.matches("id=\"first-difference\"").count(), 1);
    let told = rounds(at, &["show", "b", &episode.to_string()]);
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(told.contains(&format!(
        "From round {round} on, episode {episode} was decided anew"
    )));
    assert!(told.contains("They part at event"), "{told}");

    // Only what is new was paid for, and the record of the new course is whole.
    let calls = read(at, "b/calls.jsonl");
    for line in calls.lines() {
        let call: Value = serde_json::from_str(line).unwrap();
        let new = call["episode"] == episode && call["round"].as_u64().unwrap() >= round;
        // A failure is recorded as it was: it cost nothing.
        let free = call["cache_hit"] == true || call["error"].is_string();
        assert_eq!(free, !new, "{line}");
    }
    run(
        at,
        &["--replay", "b/calls.jsonl", "--set", &hasty, "--out", "c"],
    );
    assert!(read(at, "c/events.jsonl") == new);
    // What is finished stays, and another place is another run.
    run(at, &[&replay[..], &["--resume", "b"]].concat());
    assert!(read(at, "b/events.jsonl") == new);
    let scenario = script("spoken.toml");
    let other = [
        "run",
        &scenario,
        "--episodes",
        "8",
        "--replay",
        "a/calls.jsonl",
        "--diverge-at",
    ];
    let elsewhere = format!("{episode}:1");
    let output = rounds(
        at,
        &[&other[..], &[&elsewhere, "--set", &hasty, "--resume", "b"]].concat(),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("divergence"));
}

#[test]
fn the_same_decisions_give_the_same_course() {
    let at = TempDir::new().unwrap();
    let at = at.path();
    let (episode, round) = recorded(at);
    fs::create_dir(at.join("alone")).unwrap();
    fs::copy(at.join("a/calls.jsonl"), at.join("alone/calls.jsonl")).unwrap();
    let place = format!("{episode}:{round}");
    for (calls, told) in [
        ("a/calls.jsonl", "Both courses are the same."),
        (
            "alone/calls.jsonl",
            "The recorded course is not there: alone/calls.jsonl has no events.jsonl beside it.",
        ),
    ] {
        let out = calls.replace("/calls.jsonl", "-again");
        run(
            at,
            &["--replay", calls, "--diverge-at", &place, "--out", &out],
        );
        assert!(read(at, &format!("{out}/events.jsonl")) == read(at, "a/events.jsonl"));
        assert!(
            read(at, &format!("{out}/report.html")).contains(told),
            "{told}"
        );
    }
}

#[test]
fn places_and_models_that_cannot_be_used_are_refused() {
    let at = TempDir::new().unwrap();
    let at = at.path();
    recorded(at);
    let scenario = script("spoken.toml");
    let replay = ["--replay", "a/calls.jsonl", "--diverge-at"];
    let of = |arguments: &[&str]| {
        let output = rounds(at, arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    for (place, part) in [
        ("99:1", "no call of episode 99"),
        ("0:99", "no call from round 99 on"),
        ("3", "expected EPISODE:ROUND"),
        ("a:b", "expected EPISODE:ROUND"),
    ] {
        let run = ["run", &scenario, "--episodes", "8", "--out", "x"];
        let errors = of(&[&run[..], &replay, &[place]].concat());
        assert!(errors.contains(part), "{place}: {errors}");
        assert!(!at.join("x").exists(), "{place}");
    }
    assert!(of(&["run", &scenario, "--diverge-at", "0:1"]).contains("--replay"));
    let missing = [
        "run",
        &scenario,
        "--replay",
        "none.jsonl",
        "--diverge-at",
        "0:1",
    ];
    assert!(of(&missing).contains("none.jsonl"));
    let knowledge = [
        "--set",
        "agents.team.policy=\"doctor\"",
        "--set",
        "policies.doctor.kind=\"knowledge\"",
    ];
    let run = [
        "run",
        &scenario,
        "--replay",
        "a/calls.jsonl",
        "--diverge-at",
        "0:1",
    ];
    let errors = of(&[&run[..], &knowledge].concat());
    assert!(errors.contains("asks no model"), "{errors}");
    let replayed = [
        "--set",
        "models.clinicians={kind=\"replay\", calls=\"a/calls.jsonl\"}",
    ];
    let errors = of(&[&run[..], &replayed].concat());
    assert!(errors.contains("from a recording alone"), "{errors}");
    let arms = ["--vary", "limits.rounds=3,6"];
    let bench = [
        "bench",
        &scenario,
        "--replay",
        "a/calls.jsonl",
        "--diverge-at",
        "0:1",
    ];
    assert!(of(&[&bench[..], &arms].concat()).contains("one arm"));
}

#[test]
fn restricted_records_go_to_no_receiver_that_was_not_named() {
    let at = TempDir::new().unwrap();
    let at = at.path();
    fs::create_dir(at.join("records")).unwrap();
    let record = Path::new(env!("CARGO_MANIFEST_DIR")).join("records/900101.json");
    // Without a manifest a set is restricted.
    fs::copy(record, at.join("records/900101.json")).unwrap();
    let scenario = script("spoken.toml");
    let patients = "environment.patients={records=\"records\", part=\"all\"}";
    let records = ["run", &scenario, "--episodes", "1", "--set", patients];
    let output = rounds(at, &[&records[..], &["--out", "a"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let model = "models.clinicians={kind=\"openai\", model=\"m\", \
                 base_url=\"https://receiver.invalid/v1\"}";
    let replay = [
        "--replay",
        "a/calls.jsonl",
        "--diverge-at",
        "0:0",
        "--set",
        model,
    ];
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(at)
        .env("OPENAI_API_KEY", "sk-none")
        .args([&records[..], &replay, &["--out", "b"]].concat())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(
        errors.contains("--send-restricted-to receiver.invalid"),
        "{errors}"
    );
}
