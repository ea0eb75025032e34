//! Coordination by the real binary: the reference's figures, the promises of a run, bad input, and what
//! is said of somebody's own objective.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panic, and says what it skips"
)]

mod bad_input;
mod bytes;
mod language;
mod objective;
mod reference;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A small scenario that runs in no time.
const SMALL: &str = r#"schema = "rounds.scenario/1"
name = "small"
episodes = 2

[environment]
kind = "tracking"
agents = 4
targets = 5

[limits]
rounds = 20

[agents.team]
policy = "agents"

[policies.agents]
kind = "ma-spl"
eta0 = 100
"#;

/// The folder of the scenarios that are shipped.
fn shipped() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Runs the program in `folder`.
fn rounds(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_rounds"))
        .args(arguments)
        .current_dir(folder)
        .env("NO_COLOR", "1")
        .output()
        .unwrap()
}

/// Runs the program, which succeeds; gives what it prints.
#[track_caller]
fn says(folder: &Path, arguments: &[&str]) -> String {
    let output = rounds(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}\n{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Runs the program, which refuses; gives its error without frames and line breaks.
#[track_caller]
fn refuses(folder: &Path, arguments: &[&str]) -> String {
    let output = rounds(folder, arguments);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}\n{errors}");
    assert!(!errors.contains("panicked"), "{errors}");
    errors.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A folder with `small.toml`.
fn place() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("small.toml"), SMALL).unwrap();
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file of the vectors; `None`, and a word, where the folder that was named does not have it.
fn vectors(name: &str) -> Option<serde_json::Value> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let elsewhere = std::env::var_os("ROUNDS_GOLDEN").map(PathBuf::from);
    let path = elsewhere.clone().unwrap_or(own).join("maoc").join(name);
    if elsewhere.is_some() && !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Some(serde_json::from_str(&text).unwrap())
}
