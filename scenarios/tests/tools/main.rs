//! Files to start from, schemas for editors and methods paragraphs, by the real binary; and that
//! the schemas say what the reader says.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod described;
mod drift;
#[path = "../program/ends.rs"]
mod ends;
mod files;
mod validate;
mod walk;

use std::fs;
use std::path::{Path, PathBuf};

use ends::ends;
use serde_json::Value;

/// Kinds of file with the value of their `schema`.
const KINDS: [(&str, &str); 5] = [
    ("scenario", "rounds.scenario/1"),
    ("suite", "rounds.suite/1"),
    ("case", "rounds.case/1"),
    ("behaviour", "rounds.behaviour/1"),
    ("self-test", "rounds.self-test/1"),
];

/// Those of which only builds with the feature `local` have a reader.
const OF_LOCAL: [(&str, &str); 1] = [("training", "rounds.training/1")];

/// The folder of the scenarios that are shipped.
fn shipped() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The schema of a kind, as the program prints it.
fn schema(kind: &str) -> Value {
    let (out, _) = ends(0, shipped(), &["schema", kind]);
    serde_json::from_str(&out).unwrap()
}

/// A TOML text as JSON.
fn json_of(text: &str) -> Value {
    serde_json::to_value(toml::from_str::<toml::Table>(text).unwrap()).unwrap()
}

/// Asserts that a file is what the schema of its kind says.
#[track_caller]
fn fits(path: &Path) {
    let file = json_of(&fs::read_to_string(path).unwrap());
    let own = file["schema"].as_str().unwrap_or_default();
    let mut kinds = KINDS.iter().chain(&OF_LOCAL);
    let (kind, _) = kinds.find(|(_, schema)| *schema == own).unwrap();
    let faults = validate::faults(&schema(kind), &file);
    assert!(faults.is_empty(), "{}: {faults:#?}", path.display());
}

/// All TOML files of scenarios, evaluations and behaviours that are shipped.
fn shipped_files() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut open = vec![shipped().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let code = ["src", "tests", "examples", "target", "runs", "Cargo.toml"];
            if code.contains(&name.as_str()) {
                continue;
            }
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|e| e == "toml") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}
