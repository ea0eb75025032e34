//! `rounds plan` by the real binary: what it says is what runs then take.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panic and tells what it read"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// Most that calls or tokens may differ from the plan, as a share of what they were.
const TOLERANCE: f64 = 0.2;

fn script(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts");
    folder.join(name).display().to_string()
}

fn rounds(at: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command.current_dir(at).args(arguments).output().unwrap()
}

fn json(at: &Path, arguments: &[&str]) -> Value {
    let output = rounds(at, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Plans, then runs into `out`, and holds the one against the other.
fn plan_and_run(at: &Path, scenario: &str, more: &[&str], planning: &[&str], out: &str) -> Value {
    let plan = json(
        at,
        &[&["plan", scenario, "--json"], planning, more].concat(),
    );
    let summary = json(
        at,
        &[&["run", scenario, "--json", "--out", out], more].concat(),
    );
    let arm = plan["arms"][0].clone();
    assert_eq!(arm["episodes"], summary["episodes"]["asked"]);
    let calls = &summary["calls"];
    for (planned, took) in [
        ("calls", "count"),
        ("prompt_tokens", "prompt_tokens"),
        ("completion_tokens", "completion_tokens"),
        ("usd", "cost_usd"),
    ] {
        let took = calls[took].as_f64().unwrap();
        let of = |key: &str| arm[planned][key].as_f64().unwrap();
        let share = (of("expected") - took).abs() / took.max(1e-9);
        println!(
            "{scenario} {planned}: {} planned, {took} taken",
            of("expected")
        );
        if took > 0.0 {
            assert!(
                share <= TOLERANCE,
                "{planned}: {} planned, {took} taken",
                of("expected")
            );
        }
        assert!(of("least") <= of("expected") && of("expected") <= of("most"));
    }
    // What the purposes take adds up to the whole.
    let purposes = arm["purposes"].as_array().unwrap().iter();
    let sum: f64 = purposes.map(|of| of["calls"].as_f64().unwrap()).sum();
    assert!((sum - arm["calls"]["expected"].as_f64().unwrap()).abs() < 1e-6 * sum);
    arm
}

#[test]
fn a_dynamic_team_takes_what_was_planned_without_a_ledger() {
    let at = TempDir::new().unwrap();
    let planning = ["--sample", "20"];
    let arm = plan_and_run(at.path(), &script("spoken.toml"), &[], &planning, "run");
    assert_eq!(arm["basis"]["kind"], "scripted");
    assert!(arm["usd"]["expected"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_lone_doctor_takes_what_the_ledger_of_other_patients_says() {
    let at = TempDir::new().unwrap();
    let solo = ["--set", "agents.team.kind=\"solo-replaceable\""];
    let scenario = script("spoken.toml");
    let pilot = [
        &[
            "run",
            &scenario,
            "--json",
            "--out",
            "runs/pilot",
            "--seed",
            "11",
        ],
        &solo[..],
    ];
    json(at.path(), &pilot.concat());
    let more = [&solo[..], &["--seed", "12", "--episodes", "100"]].concat();
    // The latest run of the scenario is found, and can be named.
    for planning in [&[][..], &["--from", "runs/pilot"]] {
        let out = format!("run-{}", planning.len());
        let arm = plan_and_run(at.path(), &scenario, &more, planning, &out);
        assert_eq!(arm["basis"]["kind"], "ledger");
        assert!(arm["basis"]["run"].as_str().unwrap().contains("pilot"));
        assert_eq!(arm["basis"]["episodes"], 40);
    }
}

#[test]
fn a_consultation_takes_what_was_planned_without_a_ledger() {
    let at = TempDir::new().unwrap();
    let scenario = script("consultation.toml");
    let planning = ["--sample", "30"];
    let arm = plan_and_run(at.path(), &scenario, &[], &planning, "run");
    assert_eq!(arm["basis"]["kind"], "scripted");
    // From its ledger, the same run is known exactly.
    let arm = plan_and_run(at.path(), &scenario, &[], &["--from", "run"], "again");
    assert_eq!(arm["calls"]["expected"].as_f64().unwrap().fract(), 0.0);
}

#[test]
fn a_plan_tells_what_it_rests_on_and_which_limits_would_cut() {
    let at = TempDir::new().unwrap();
    let scenario = script("spoken.toml");
    let limits = [
        "--set",
        "limits.run.calls=50",
        "--set",
        "limits.episode.calls=5",
    ];
    let arguments = [&["plan", &scenario][..], &limits].concat();
    let output = rounds(at.path(), &arguments);
    let text = String::from_utf8(output.stdout).unwrap();
    for part in [
        "nothing was spent",
        "expected from 8 rehearsed episodes",
        "least",
        "95 % interval",
        "most",
        "limits.run.calls = 50 would cut the run after about",
        "limits.episode.calls = 5 would cut",
        "propose",
        "not for clinical use",
    ] {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
    assert!(
        PathBuf::from(at.path()).join("runs").read_dir().is_err(),
        "nothing is left behind"
    );
    let knowledge = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
    let output = rounds(at.path(), &["plan", knowledge.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("no model is asked"), "{text}");
}

#[test]
fn a_plan_that_cannot_be_made_says_why() {
    let at = TempDir::new().unwrap();
    let scenario = script("spoken.toml");
    for (arguments, part) in [
        (&["--from", "nowhere"][..], "nowhere"),
        (&["--arm", "nobody"], "nobody"),
        (&["--sample", "0"], "--sample"),
        (&["--chars-per-token", "0"], "above 0"),
        (&["--latency-s", "-1"], "latency"),
        (&["--from", "x", "--rehearse"], "cannot be used with"),
    ] {
        let output = rounds(at.path(), &[&["plan", &scenario][..], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
    // A run without a ledger is none to plan from.
    let ward = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
    let ward = ward.to_str().unwrap();
    json(
        at.path(),
        &["run", ward, "--json", "--episodes", "2", "--out", "plain"],
    );
    let output = rounds(at.path(), &["plan", ward, "--from", "plain"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("calls.jsonl"));
}
