//! What a user can get wrong about a server: each a clear typed result, and nothing is lost.

use std::path::Path;

use rounds_tests::loopback::{Loopback, Settings};

use super::command::{model, rounds, said, summary};

const WARD: &str = "scenarios/ward-language.toml";

/// Runs two visits and gives what was said with the exit code.
fn run(arguments: &[&str], out: &Path) -> (String, Option<i32>) {
    let base = ["run", WARD, "--quiet", "--episodes", "2", "--out"];
    let all = [&base[..], &[out.to_str().unwrap()], arguments].concat();
    let output = rounds(&all).output().unwrap();
    (said(&output), output.status.code())
}

#[test]
fn what_cannot_be_asked_is_refused_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    for (arguments, words) in [
        (
            &["--model", "openai/gpt-4o"][..],
            "OPENAI_API_KEY is not set",
        ),
        (
            &["--model", "openai/gpt-4o", "--key-env", "MY_KEY"],
            "MY_KEY is not set",
        ),
        (
            &["--model", "gpt-4o"],
            "takes `openai/NAME`, `URL#NAME`, or a folder",
        ),
        (
            &["--model", "http://127.0.0.1:1/v1"],
            "no `#NAME` behind the URL",
        ),
        (
            &["--model", "http://me:secret@h/v1#m"],
            "a user name or a password",
        ),
        (&["--set", "models.clinician.key=sk-12345678"], "key_env"),
        (&["--set", "policies.speaker.prompts=nowhere"], "nowhere"),
    ] {
        let (said, code) = run(arguments, &out);
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(
            !said.contains("sk-12345678") && !said.contains("secret@"),
            "{said}"
        );
        assert_eq!(code, Some(2), "{arguments:?}: {said}");
        assert!(!out.exists(), "{arguments:?}");
    }
}

#[test]
fn a_server_that_cannot_answer_fails_visits_with_the_kind_of_failure() {
    let other = Loopback::start(Settings {
        models: vec!["other".to_owned()],
        ..Settings::default()
    })
    .unwrap();
    let locked = Loopback::start(Settings {
        key: Some("sk-abcdefgh".to_owned()),
        ..Settings::default()
    })
    .unwrap();
    let small = Loopback::start(Settings {
        max_context: 20,
        ..Settings::default()
    })
    .unwrap();
    let open = Loopback::start(Settings::default()).unwrap();
    let elsewhere = format!("{}/nowhere#loopback", open.base_url());
    let nobody = "http://127.0.0.1:9#loopback".to_owned();
    let folder = tempfile::tempdir().unwrap();
    for (url, kind) in [
        (model(&other), "unknown_model"),
        (model(&locked), "unauthorized"),
        (model(&small), "too_long"),
        (elsewhere, "not_found"),
        (nobody, "unreachable"),
    ] {
        let out = folder.path().join(kind);
        let set = "models.clinician.first_pause_s=0.001";
        let (said, code) = run(&["--model", &url, "--set", set], &out);
        assert_eq!(code, Some(0), "{said}");
        let left = summary(&out);
        assert_eq!(left["episodes"]["failed"], 2, "{kind}: {said}");
        assert!(
            left["calls"]["faults"][kind].as_u64() > Some(0),
            "{kind}: {left}"
        );
        let events = std::fs::read_to_string(out.join("events.jsonl")).unwrap();
        let reason = format!("model call failed ({kind})");
        assert_eq!(events.matches(&reason).count(), 2, "{kind}: {events}");
    }
}

#[test]
fn keys_are_in_no_file_that_a_run_leaves() {
    let key = "sk-0123456789abcdef";
    let server = Loopback::start(Settings {
        key: Some(key.to_owned()),
        ..Settings::default()
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let output = rounds(&["run", WARD, "--episodes", "2", "--key-env", "MY_KEY"])
        .args(["--model", &model(&server), "--out", out.to_str().unwrap()])
        .env("MY_KEY", key)
        .env("ROUNDS_LOG", "trace")
        .output()
        .unwrap();
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert_eq!(summary(&out)["episodes"]["done"], 2);
    assert!(!said.contains(key), "{said}");
    for file in std::fs::read_dir(&out).unwrap() {
        let path = file.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(key), "{}", path.display());
    }
}

#[test]
fn restricted_records_go_to_no_receiver_that_was_not_named() {
    let folder = tempfile::tempdir().unwrap();
    let records = folder.path().join("records");
    let shipped = rounds_tests::project_file("scenarios/records");
    std::fs::create_dir(&records).unwrap();
    for file in std::fs::read_dir(shipped).unwrap() {
        let path = file.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let text = text.replace("\"restricted\": false", "\"restricted\": true");
        std::fs::write(records.join(path.file_name().unwrap()), text).unwrap();
    }
    let out = folder.path().join("run");
    let patients = format!("environment.patients.records={}", records.display());
    let far = ["--model", "http://models.example/v1#m", "--set", &patients];
    let (said, code) = run(&far, &out);
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("--send-restricted-to models.example"),
        "{said}"
    );
    assert!(!out.exists());
}
