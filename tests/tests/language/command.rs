//! The command line beside a server.

use std::path::Path;
use std::process::{Command, Output};

use rounds_tests::loopback::Loopback;
use serde_json::Value;

/// `rounds` with these arguments, in the project's root and without keys in its environment.
pub(crate) fn rounds(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rounds_here"));
    command
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL")
        .args(arguments);
    command
}

/// What it leaves and says; standard output and errors together.
pub(crate) fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// Runs to a success.
pub(crate) fn done(arguments: &[&str]) -> String {
    let output = rounds(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", said(&output));
    said(&output)
}

/// The model behind a server, as `--model` takes it.
pub(crate) fn model(server: &Loopback) -> String {
    format!("{}#loopback", server.base_url())
}

/// The summary in a folder.
pub(crate) fn summary(folder: &Path) -> Value {
    let text = std::fs::read_to_string(folder.join("summary.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}
