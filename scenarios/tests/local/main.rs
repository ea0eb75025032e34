//! Models on this machine, by the program itself: trained, interrupted, asked, and playing the ward.
#![cfg(feature = "local")]
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod generate;
mod play;
mod train;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A ward that is soon played.
const WARD: &str = r#"schema = "rounds.scenario/1"
name = "ward"
seed = 7
episodes = 3

[environment]
kind = "clinic"
patients = { knowledge = "builtin" }

[agents.team]
policy = "specialist"
max_members = 3

[policies.specialist]
kind = "knowledge"

[limits]
rounds = 3
"#;

/// A training that is soon over.
const TRAINING: &str = r#"schema = "rounds.training/1"
name = "tiny"
seed = 3
out = "tiny"

[data]
kind = "demonstrations"
scenario = "ward.toml"
seed = 99
episodes = 12

[model]
vocabulary = 600
layers = 2
hidden = 32
heads = 2
context = 1024

[training]
steps = 12
micro_batch = 4
accumulation = 2
learning_rate = 0.003
evaluation = { every = 5 }
checkpoints = { every = 3 }
data = { held_out = 0.5 }
"#;

/// A working directory with `ward.toml` and `training.toml` in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("ward.toml", WARD);
        place.write("training.toml", TRAINING);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
        command.args(arguments).current_dir(self.folder.path());
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// What a command that works prints.
    fn works(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {told}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says that ends with `code`.
    fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        // Lines are broken where the terminal ends.
        told.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// A folder with a tiny golden model and a tokenizer of bytes.
fn golden_model(place: &Place, name: &str) {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/local-llm");
    fs::create_dir_all(place.path(name)).unwrap();
    for (source, target) in [
        ("llama_tiny/config.json", "config.json"),
        ("llama_tiny/model.safetensors", "model.safetensors"),
        ("tokenizer_bytes.json", "tokenizer.json"),
        ("tokenizer_config.json", "tokenizer_config.json"),
    ] {
        fs::copy(from.join(source), place.path(name).join(target)).unwrap();
    }
}
