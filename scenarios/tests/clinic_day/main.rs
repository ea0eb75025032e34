//! Clinic days by the real binary: a queue with a known answer, nobody lost, arms on the same days,
//! the same bytes however it is run, and clear words for what cannot be.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod bad_input;
mod language;
mod queue;
mod runs;
mod staff;
#[path = "../program/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use rounds::run::{Episode, EpisodeReader, RunDirectory};
use rounds::statistics::Summary;
use tempfile::TempDir;

/// The shipped scenario.
const SHIPPED: &str = "scenarios/clinic-day.toml";

/// Exit code, output and errors of the program, run in the project's folder.
fn rounds(arguments: &[&str]) -> (Option<i32>, Vec<u8>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(arguments)
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), output.stdout, errors)
}

/// Output of the program, which must succeed.
fn done(arguments: &[&str]) -> Vec<u8> {
    let (code, out, errors) = rounds(arguments);
    assert_eq!(code, Some(0), "{arguments:?}: {errors}");
    out
}

/// Runs a bench into `folder`.
fn bench_in(folder: &Path, arguments: &[&str]) -> Summary {
    let out = folder.join("bench").display().to_string();
    let command = [&["bench"], arguments, &["--json", "--out", &out]].concat();
    serde_json::from_slice(&done(&command)).unwrap()
}

/// Runs a bench into a folder of its own.
fn bench(arguments: &[&str]) -> (TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let summary = bench_in(folder.path(), arguments);
    (folder, summary)
}

/// One day of the shipped scenario in each configuration.
const ONE_EACH: [&str; 3] = [SHIPPED, "--episodes", "6"];

/// What [`ONE_EACH`] comes to, run once for all tests that look at it.
static SHIPPED_DAYS: LazyLock<(PathBuf, Summary)> = LazyLock::new(|| {
    // Nobody drops what is static, so the folder is one that is used again.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("clinic-day");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let summary = bench_in(&folder, &ONE_EACH);
    (folder, summary)
});

/// Run directories of a bench, in the order of their names.
fn arms(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("bench/arms")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

fn episodes(run: &Path) -> impl Iterator<Item = Episode> {
    let reader = EpisodeReader::open(&run.join(RunDirectory::EVENTS)).unwrap();
    reader.map(Result::unwrap)
}

/// Mean of a metric of an arm.
fn mean(summary: &Summary, arm: &str, metric: &str) -> f64 {
    let of = summary.arms.iter().find(|known| known.name == arm).unwrap();
    let value = of.metrics[metric]["mean"].as_f64();
    value.unwrap_or_else(|| panic!("{arm}, {metric}"))
}
