//! The real binary, killed at random moments and resumed, leaves what an uninterrupted run leaves.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use proptest::test_runner::{RngAlgorithm, TestRng};
use rounds::run::RunDirectory;
use serde_json::Value;

const KILLS: usize = 10;

fn rounds(scenario: &str, episodes: u32, place: [&str; 2]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(["run", scenario, "--quiet", "--jobs", "2", "--episodes"])
        .arg(episodes.to_string())
        .args(place)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

fn run_to_the_end(mut command: Command) {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

/// What a run leaves, without what wall time goes into.
fn left_by(run: &Path) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<PathBuf> = fs::read_dir(run)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.sort();
    let mut files = Vec::new();
    for path in names {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = fs::read(&path).unwrap();
        let bytes = match name.as_str() {
            // Names the folder in the commands to try next, and the time.
            "report.html" => Vec::new(),
            "summary.json" => without(&bytes, &["timing"]),
            "calls.jsonl" => bytes
                .split(|&b| b == b'\n')
                .filter(|line| !line.is_empty())
                .flat_map(|line| without(line, &["latency_ms"]))
                .collect(),
            _ => bytes,
        };
        files.push((name, bytes));
    }
    files
}

fn without(json: &[u8], keys: &[&str]) -> Vec<u8> {
    let mut value: Value = serde_json::from_slice(json).unwrap();
    for key in keys {
        value.as_object_mut().unwrap().remove(*key).unwrap();
    }
    value.to_string().into_bytes()
}

/// Every line of an interrupted log but the last is a whole event.
fn assert_readable(run: &Path) {
    let Ok(text) = fs::read(run.join(RunDirectory::PARTIAL)) else {
        return;
    };
    let whole = text
        .iter()
        .rposition(|&b| b == b'\n')
        .map_or(0, |at| at + 1);
    for line in text[..whole]
        .split(|&b| b == b'\n')
        .filter(|l| !l.is_empty())
    {
        serde_json::from_slice::<Value>(line).unwrap();
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment of a kill is one of wall time; the result must not depend on it"
)]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

fn killed_runs_resume(scenario: &str, episodes: u32) {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let began = Instant::now();
    run_to_the_end(rounds(
        scenario,
        episodes,
        ["--out", whole.to_str().unwrap()],
    ));
    let took = began.elapsed();
    let expected = left_by(&whole);
    assert!(expected.iter().any(|(name, _)| name == "events.jsonl"));

    let mut draws = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut interrupted = 0;
    // A busy machine may have made the first run longer than others are: a run that ended before its
    // kill shortens the time in which they come, and does not count.
    let mut within = took;
    for kill in 0..4 * KILLS {
        if interrupted == KILLS {
            break;
        }
        let run = folder.path().join(format!("killed-{kill}"));
        let place = ["--resume", run.to_str().unwrap()];
        let share = f64::from(rand::Rng::next_u32(&mut draws)) / f64::from(u32::MAX);
        let mut child = rounds(scenario, episodes, place).spawn().unwrap();
        wait(within.mul_f64(share));
        child.kill().unwrap();
        match child.wait().unwrap().success() {
            true => within = within.mul_f64(0.8),
            false => interrupted += 1,
        }
        assert_readable(&run);
        run_to_the_end(rounds(scenario, episodes, place));
        let resumed = left_by(&run);
        for ((name, bytes), (other, expected)) in resumed.iter().zip(&expected) {
            assert_eq!(name, other, "killed after {share:.3} of {within:?}");
            assert!(
                bytes == expected,
                "{name} differs; killed after {share:.3} of {within:?}"
            );
        }
        assert_eq!(resumed.len(), expected.len());
    }
    assert_eq!(interrupted, KILLS, "runs that were cut");
}

#[test]
fn a_killed_run_of_rules_resumes_to_the_same_bytes() {
    killed_runs_resume("scenarios/ward.toml", 1000);
}

#[test]
fn killed_clinic_days_resume_to_the_same_bytes() {
    killed_runs_resume("scenarios/clinic-day.toml", 12);
}

#[test]
fn a_killed_run_of_slow_decisions_resumes_to_the_same_bytes() {
    killed_runs_resume("tests/scripts/spoken-slow.toml", 60);
}

#[test]
fn a_killed_run_of_coordination_resumes_to_the_same_bytes() {
    killed_runs_resume("scenarios/ekf.toml", 60);
}

#[test]
fn a_finished_run_is_not_changed_by_resuming_it() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    let place = run.to_str().unwrap();
    let file = "scenarios/ward.toml";
    run_to_the_end(rounds(file, 20, ["--out", place]));
    let all = || {
        [
            "events.jsonl",
            "summary.json",
            "report.html",
            "manifest.json",
        ]
        .map(|name| fs::read(run.join(name)).unwrap())
    };
    let before = all();
    run_to_the_end(rounds(file, 20, ["--resume", place]));
    assert!(all() == before);

    let other = rounds(file, 21, ["--resume", place]).output().unwrap();
    assert_eq!(other.status.code(), Some(2));
    assert!(all() == before);
}
