//! Programs that may not start, or do not behave.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{ends, errors, rounds, summary, ward};

/// A program that answers every line with `answer`; `$id` is the batch.
fn program(answer: &str) -> String {
    format!("read hello; while read line; do id=${{line#*:}}; id=${{id%%,*}}; {answer}; done")
}

#[test]
fn nothing_starts_without_leave() {
    let folder = tempfile::tempdir().unwrap();
    let scenario = ward(folder.path(), &["sh", "-c", "touch started"], "");
    let out = folder.path().join("run");
    let place = out.to_str().unwrap();
    for command in ["run", "bench"] {
        let output = rounds(&[command, &scenario, "--out", place])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(
            errors(&output).contains("--allow-process"),
            "{}",
            errors(&output)
        );
    }
    let check = rounds(&["check", &scenario]).output().unwrap();
    assert!(check.status.success(), "{}", errors(&check));
    assert!(!out.exists());
    assert!(!folder.path().join("started").exists());
}

#[test]
fn a_program_that_is_not_there_is_told_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    for (program, hint) in [
        ("pyhton3", "did you mean \"python3\"?"),
        ("./agent", "below"),
    ] {
        let scenario = ward(folder.path(), &[program], "");
        let mut command = rounds(&["run", &scenario, "--allow-process", "--out"]);
        let output = command.arg(&out).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(errors(&output).contains(hint), "{}", errors(&output));
    }
    assert!(!out.exists());
}

/// Runs 6 episodes and gives their reasons, all of them failures, and the restarts.
fn reasons(answer: &str, settings: &str) -> (Vec<String>, u64) {
    let folder = tempfile::tempdir().unwrap();
    let scenario = ward(folder.path(), &["sh", "-c", &program(answer)], settings);
    let out = folder.path().join("run");
    let mut command = rounds(&["run", &scenario, "--allow-process", "--episodes", "6"]);
    let output = command.arg("--out").arg(&out).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    let left = summary(&out);
    assert_eq!(left["episodes"]["failed"], 6);
    let restarts = left["calls"]["restarts"].as_u64().unwrap();
    if restarts > 0 {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            text.contains(&format!("started again {restarts} time(s)")),
            "{text}"
        );
    }
    let reason = |end: &serde_json::Value| end["reason"].as_str().unwrap().to_owned();
    (ends(&out).iter().map(reason).collect(), restarts)
}

#[test]
fn bad_programs_fail_their_episodes_with_the_reason() {
    for (answer, settings, expected) in [
        ("echo hello", "", "expected a line"),
        ("exit 7", "restarts = 2", "exit status: 7"),
        ("sleep 60", "deadline_s = 0.1\nrestarts = 1", "within 0.1 s"),
        (
            "echo '{\"batch\":77,\"decisions\":[]}'",
            "",
            "one to batch 77",
        ),
        (
            "echo \"{\\\"batch\\\":$id,\\\"decisions\\\":[]}\"",
            "",
            "decisions for batch",
        ),
        (
            "tr '\\0' y </dev/zero",
            "restarts = 0",
            "without the end of a line",
        ),
    ] {
        let (reasons, restarts) = reasons(answer, settings);
        assert!(
            reasons.iter().all(|why| why.contains(expected)),
            "{expected}: {reasons:?}"
        );
        let most = match settings {
            "" => 3,
            other => u64::from(other.as_bytes()[other.len() - 1] - b'0'),
        };
        assert_eq!(restarts, most, "{expected}");
    }
}

#[test]
fn a_decision_that_is_none_is_asked_again_and_then_fails_its_episode() {
    let answer = r#"echo "{\"batch\":$id,\"decisions\":[{\"confidnce\":3}]}""#;
    let (reasons, restarts) = reasons(answer, "batch = 1");
    assert_eq!(restarts, 0);
    for why in reasons {
        assert!(why.contains("did you mean `confidence`?"), "{why}");
    }
}

#[test]
fn an_interruption_ends_the_program_too() {
    let folder = tempfile::tempdir().unwrap();
    let script = "echo $$ > pid.new; mv pid.new pid; read hello; read line; sleep 300";
    let scenario = ward(folder.path(), &["sh", "-c", script], "");
    let mut command = rounds(&["run", &scenario, "--allow-process", "--quiet", "--out"]);
    let mut child = command.arg(folder.path().join("run")).spawn().unwrap();
    let file = folder.path().join("pid");
    let began = Instant::now();
    while !file.exists() {
        assert!(began.elapsed() < Duration::from_secs(30));
        std::thread::yield_now();
    }
    let program = fs::read_to_string(&file).unwrap();
    let interrupt = std::process::Command::new("sh")
        .args(["-c", &format!("kill -INT {}", child.id())])
        .status();
    assert!(interrupt.unwrap().success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    let stat = Path::new("/proc").join(program.trim()).join("stat");
    let began = Instant::now();
    loop {
        let state = fs::read_to_string(&stat).unwrap_or_default();
        if state.is_empty() || state.contains(") Z") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{state}");
        std::thread::yield_now();
    }
}
