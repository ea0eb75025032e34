//! The program of the examples plays the ward.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::Value;

use super::{done, events, rounds, summary};

const SCENARIO: &str = "scenarios/agent.toml";
const KILLS: usize = 5;

fn python() -> bool {
    let there = std::process::Command::new("python3")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !there {
        println!("skipped: python3 is not there");
    }
    there
}

fn run(episodes: &str, place: [&str; 2]) -> std::process::Command {
    let mut command = rounds(&["run", SCENARIO, "--allow-process", "--quiet", "--episodes"]);
    command.arg(episodes).args(place);
    command
}

#[test]
fn the_example_is_short() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/agent.py");
    assert!(fs::read_to_string(file).unwrap().lines().count() <= 15);
}

#[test]
fn the_example_plays_the_ward_and_replays_without_python() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let first = folder.path().join("first");
    done(
        run("60", ["--out", first.to_str().unwrap()])
            .output()
            .unwrap(),
    );
    let left = summary(&first);
    assert_eq!(left["episodes"]["done"], 60);
    assert_eq!(left["calls"]["restarts"], 0);
    assert!(left["calls"]["count"].as_u64().unwrap() > 60);
    let hits = left["arms"][0]["metrics"]["hit@1"]["mean"]
        .as_f64()
        .unwrap();
    assert!(hits > 0.6, "hit@1 {hits}");
    assert!(first.join("processes/mine-0.stderr.txt").is_file());

    let calls = first.join("calls.jsonl");
    let again = folder.path().join("again");
    let mut replay = rounds(&[
        "run",
        SCENARIO,
        "--quiet",
        "--episodes",
        "60",
        "--jobs",
        "2",
    ]);
    replay
        .args([Path::new("--replay"), &calls, Path::new("--out"), &again])
        .env("PATH", "");
    done(replay.output().unwrap());
    assert!(events(&first) == events(&again));
    assert!(!again.join("processes").exists());
    done(
        rounds(&["show", again.to_str().unwrap(), "7"])
            .output()
            .unwrap(),
    );
}

#[test]
fn every_task_of_a_dynamic_team_can_be_played() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let mut command = rounds(&[
        "run",
        "scenarios/ward.toml",
        "--allow-process",
        "--quiet",
        "--episodes",
        "8",
        "--set",
        "policies.specialist.kind=\"process\"",
        "--set",
        "policies.specialist.command=[\"python3\", \"examples/agent.py\"]",
        "--out",
    ]);
    done(command.arg(&out).output().unwrap());
    assert_eq!(summary(&out)["episodes"]["done"], 8);
}

/// Files of a run that hold no wall time, and calls without it.
fn left_by(run: &Path) -> Vec<Vec<u8>> {
    let calls = fs::read_to_string(run.join("calls.jsonl")).unwrap();
    let calls = calls.lines().map(|line| {
        let mut call: Value = serde_json::from_str(line).unwrap();
        call.as_object_mut().unwrap().remove("latency_ms").unwrap();
        call.to_string()
    });
    let mut summary = summary(run);
    summary.as_object_mut().unwrap().remove("timing").unwrap();
    let read = |name: &str| fs::read(run.join(name)).unwrap();
    vec![
        events(run),
        calls.collect::<Vec<_>>().join("\n").into_bytes(),
        summary.to_string().into_bytes(),
        read("rounds.parquet"),
        read("episodes.parquet"),
    ]
}

#[expect(
    clippy::disallowed_methods,
    reason = "the moment of a kill is one of wall time; the result must not depend on it"
)]
fn wait(time: Duration) {
    std::thread::sleep(time);
}

#[test]
fn a_killed_run_of_a_program_resumes_to_the_same_bytes() {
    if !python() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let began = Instant::now();
    done(
        run("60", ["--out", whole.to_str().unwrap()])
            .output()
            .unwrap(),
    );
    let took = began.elapsed();
    let expected = left_by(&whole);
    let mut draws = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let mut interrupted = 0;
    for kill in 0..KILLS {
        let killed = folder.path().join(format!("killed-{kill}"));
        let place = ["--resume", killed.to_str().unwrap()];
        let share = 0.2 + 0.7 * f64::from(rand::Rng::next_u32(&mut draws)) / f64::from(u32::MAX);
        let mut child = run("60", place).spawn().unwrap();
        wait(took.mul_f64(share));
        // SIGKILL.
        child.kill().unwrap();
        interrupted += usize::from(!child.wait().unwrap().success());
        done(run("60", place).output().unwrap());
        assert!(
            left_by(&killed) == expected,
            "killed after {share:.3} of {took:?}"
        );
    }
    assert!(interrupted > KILLS / 2, "only {interrupted} runs were cut");
}
