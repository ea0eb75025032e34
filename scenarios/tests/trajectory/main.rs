//! Control environments by the real binary: benches of models that learn, the promises of a run, language models that
//! act, and clear words for what cannot be.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod bad_data;
mod bad_input;
mod commands;
mod conditioning;
#[path = "../program/ends.rs"]
mod ends;
mod language;
#[path = "../program/project.rs"]
mod project;
mod resumed;
mod runs;
#[path = "../program/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use project::{refuses, says};
use rounds::statistics::Summary;
use serde_json::Value;
use tempfile::TempDir;
use words::words;

/// Models that hardly learn, on a short point mass.
const SMALL: &str = r#"schema = "rounds.scenario/1"
name = "small"
seed = 7
episodes = 3
repeats = 2

[environment]
kind = "point-mass"
step_limit = 12

[data]
kind = "mixture"
parts = [{ random = 0.0, episodes = 6 }, { random = 1.0, episodes = 6 }]

[models.dt]
kind = "trajectory"
architecture = "dt"
context = 3
hidden = 8
layers = 1
max_ep_len = 12

[models.dt.training]
steps = 4
micro_batch = 8
data = { return_scale = 10 }

[models.bc]
kind = "trajectory"
architecture = "bc"
context = 3
hidden = 8
layers = 1

[models.bc.training]
steps = 4
micro_batch = 8

[agents.team]
policy = "dt"

[policies.random]
kind = "random"

[policies.expert]
kind = "expert"
noise = 0.05

[policies.dt]
kind = "learned"
model = "dt"
target_score = 100

[policies.bc]
kind = "learned"
model = "bc"
"#;

/// The shipped scenario.
const SHIPPED: &str = "scenarios/pointmass.toml";

/// Two trainings of a few steps for each model of the shipped scenario, and three starts.
fn cut_down() -> Vec<String> {
    let mut command = vec![SHIPPED.to_owned(), "--episodes".into(), "3".into()];
    let mut set = |setting: String| command.extend(["--set".to_owned(), setting]);
    set("repeats=2".into());
    for model in ["dt", "gdt", "dc", "bc", "filtered-bc"] {
        for few in ["steps=4", "micro_batch=8", "schedule.warmup=1"] {
            set(format!("models.{model}.training.{few}"));
        }
    }
    command
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A folder with a scenario: [`SMALL`] and what follows it.
fn place(more: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("small.toml");
    fs::write(&file, format!("{SMALL}{more}")).unwrap();
    (folder, file)
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The shipped bench, cut down.
struct Bench {
    folder: PathBuf,
    summary: Summary,
    /// What it told while it ran.
    told: String,
}

/// It is run once for all tests that look at it.
static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    // Nobody drops what is static, so the folder is one that is used again.
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("trajectory");
    if folder.exists() {
        fs::remove_dir_all(&folder).unwrap();
    }
    let told = bench(&["--jobs", "2", "--out", text(&folder)]);
    let summary = serde_json::from_str(&read(&folder.join("summary.json"))).unwrap();
    Bench {
        folder,
        summary,
        told,
    }
});

/// Runs the shipped bench, cut down; gives what it told.
fn bench(more: &[&str]) -> String {
    let cut = cut_down();
    let cut: Vec<&str> = cut.iter().map(String::as_str).collect();
    says(&[&["bench"], &cut[..], more].concat()).1
}

/// Run directories of a bench, in the order of its arms.
fn arms(bench: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(bench.join("arms")).unwrap();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    found.sort();
    found
}

/// Logs and tables of all arms, and the summary without its times.
fn left_by(bench: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    const FILES: [&str; 4] = [
        "events.jsonl",
        "episodes.parquet",
        "rounds.parquet",
        "manifest.json",
    ];
    let arms = arms(bench).into_iter();
    let files = arms.flat_map(|arm| FILES.map(|file| arm.join(file)));
    let mut left: Vec<_> = files
        .map(|file| {
            let bytes = fs::read(&file).unwrap();
            (file.strip_prefix(bench).unwrap().to_owned(), bytes)
        })
        .collect();
    let mut summary: Value = serde_json::from_str(&read(&bench.join("summary.json"))).unwrap();
    summary.as_object_mut().unwrap().remove("timing").unwrap();
    left.push(("summary.json".into(), summary.to_string().into_bytes()));
    left
}

#[track_caller]
fn assert_same(found: &Path, expected: &Path) {
    let (found, expected) = (left_by(found), left_by(expected));
    assert_eq!(found.len(), expected.len());
    for ((file, bytes), (other, wanted)) in found.iter().zip(&expected) {
        assert_eq!(file, other);
        assert!(bytes == wanted, "{} differs", file.display());
    }
}

/// Mean of a metric of an arm; `None` where it is undefined.
fn mean(summary: &Summary, arm: &str, metric: &str) -> Option<f64> {
    let of = summary.arms.iter().find(|known| known.name == arm).unwrap();
    let found = of.metrics.get(metric);
    let found = found.unwrap_or_else(|| panic!("{arm} has no {metric}"));
    found["mean"].as_f64()
}
