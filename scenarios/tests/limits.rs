//! Hard limits by the real binary: what is told, and how a run goes on under a higher limit.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

fn rounds(at: &Path, more: &[&str]) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scripts/spoken.toml");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    let command = command.current_dir(at).arg("run").arg(script);
    command.args(["--jobs", "2"]).args(more).output().unwrap()
}

fn summary(at: &Path, more: &[&str]) -> Value {
    let output = rounds(at, &[more, &["--json"]].concat());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn a_run_that_a_limit_cut_says_so_and_goes_on_under_a_higher_one() {
    let at = TempDir::new().unwrap();
    let at = at.path();
    let narrow = ["--set", "limits.in_flight=3"];
    let whole = summary(at, &[&narrow[..], &["--out", "whole"]].concat());
    assert!(whole.get("limit").is_none());
    let low = [&narrow[..], &["--set", "limits.run.calls=80"]].concat();
    let cut = summary(at, &[&low[..], &["--out", "cut"]].concat());
    let episodes = &cut["episodes"];
    let of = |key: &str| episodes[key].as_u64().unwrap();
    assert_eq!(of("done") + of("failed") + of("aborted"), of("asked"));
    assert!(of("done") > 0 && of("aborted") > 0);
    assert_eq!(cut["limit"][0]["name"], "run.calls");
    assert_eq!(cut["limit"][0]["episodes"], episodes["aborted"]);
    assert!(cut["calls"]["count"].as_u64().unwrap() <= 80);
    let told = rounds(at, &[&low[..], &["--out", "told", "--quiet"]].concat());
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains("cut by limits.run.calls: limit of calls of the run"),
        "{told}"
    );
    let page = fs::read_to_string(at.join("cut/report.html")).unwrap();
    assert!(page.contains("cut by <code>limits.run.calls</code>"));

    let high = [
        &narrow[..],
        &["--set", "limits.run.calls=100000", "--resume", "cut"],
    ]
    .concat();
    let resumed = summary(at, &high);
    assert_eq!(resumed["episodes"], whole["episodes"]);
    assert_eq!(resumed["calls"], whole["calls"], "nothing is paid twice");
    assert!(resumed.get("limit").is_none());
    let read = |run: &str| fs::read(at.join(run).join("events.jsonl")).unwrap();
    assert!(read("cut") == read("whole"));
    let manifest = fs::read_to_string(at.join("cut/manifest.json")).unwrap();
    assert!(manifest.contains("100000"), "the limit that holds is told");
    // Other limits make another run.
    let other = ["--set", "limits.episode.calls=9", "--resume", "cut"];
    let output = rounds(at, &[&narrow[..], &other].concat());
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn limits_that_mean_nothing_are_refused() {
    let at = TempDir::new().unwrap();
    for (set, part) in [
        ("limits.run.calls=0", "at least 1"),
        ("limits.run.usd=0", "above 0"),
        ("limits.episode.seconds=-1", "above 0"),
        ("limits.agent.tokens=1.5", "limits.agent.tokens"),
        ("limits.run.minutes=3", "limits.run.minutes"),
        ("limits.team.calls=3", "limits.team"),
        ("limits.agent=3", "a table"),
    ] {
        let output = rounds(at.path(), &["--set", set]);
        assert_eq!(output.status.code(), Some(2), "{set}");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(errors.contains(part), "{set}: {errors}");
    }
}
