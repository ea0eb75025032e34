//! The real binary with programs and people that decide.
#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test may stop at what cannot be, and says what it skips"
)]

mod agent;
mod misbehaving;
mod people;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// `rounds` in the root of the project, without input.
fn rounds(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs it with `typed` as its standard input.
fn typed(arguments: &[&str], typed: &str) -> Output {
    let mut child = rounds(arguments).stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    // Who has enough does not read on.
    let _ = input.write_all(typed.as_bytes());
    drop(input);
    child.wait_with_output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn done(output: Output) -> String {
    assert!(output.status.success(), "{}", errors(&output));
    String::from_utf8(output.stdout).unwrap()
}

fn summary(run: &Path) -> Value {
    serde_json::from_slice(&fs::read(run.join("summary.json")).unwrap()).unwrap()
}

fn events(run: &Path) -> Vec<u8> {
    fs::read(run.join("events.jsonl")).unwrap()
}

/// The last events of the episodes.
fn ends(run: &Path) -> Vec<Value> {
    let text = String::from_utf8(events(run)).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines
        .filter(|event: &Value| event["kind"] == "ended")
        .collect()
}

/// A ward whose team is one program.
fn ward(folder: &Path, command: &[&str], settings: &str) -> String {
    let ward = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
    let text = format!(
        "schema = \"rounds.scenario/1\"\nextends = {:?}\n[agents.team]\nkind = \"generalist\"\n\
         policy = \"mine\"\n[policies.mine]\nkind = \"process\"\ncommand = {command:?}\n{settings}\n",
        ward.to_str().unwrap()
    );
    let file = folder.join("mine.toml");
    fs::write(&file, text).unwrap();
    file.to_str().unwrap().to_owned()
}
