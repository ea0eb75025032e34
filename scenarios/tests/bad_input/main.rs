//! Bad input gets a clear error and nothing is lost: the program itself, as a hostile user would
//! call it.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod arguments;
mod cases;
mod disk;
mod folders;
mod knowledge;
mod models;
mod records;
mod scenario;
mod tables;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

/// A small ward that runs in no time.
const WARD: &str = r#"schema = "rounds.scenario/1"
name = "ward"
seed = 7
episodes = 3

[environment]
kind = "clinic"
patients = { knowledge = "builtin" }

[agents.team]
policy = "specialist"

[policies.specialist]
kind = "knowledge"
"#;

/// A working directory with `ward.toml` in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("ward.toml", WARD);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    /// `ward.toml` with a text replaced, as another file.
    fn ward_with(&self, name: &str, from: &str, to: &str) {
        assert!(WARD.contains(from), "{from}");
        self.write(name, WARD.replace(from, to));
    }

    /// The program in this directory; `arguments` are divided at spaces.
    fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
        command
            .args(arguments.split_whitespace())
            .current_dir(self.folder.path())
            .env_remove("NO_COLOR");
        command
    }

    fn rounds(&self, arguments: &str) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs what must work, and gives what it prints.
    #[track_caller]
    fn works(&self, arguments: &str) -> String {
        let output = self.rounds(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{arguments}\n{errors}");
        text(&output.stdout)
    }

    /// Asserts that a command ends with `code` and one readable error that holds all `parts`, and
    /// gives that error.
    #[track_caller]
    fn fails(&self, code: i32, arguments: &str, parts: &[&str]) -> String {
        let output = self.rounds(arguments);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments}\n{errors}");
        is_readable(&errors);
        for part in parts {
            assert!(
                errors.contains(part),
                "{arguments}: no {part:?} in\n{errors}"
            );
        }
        errors
    }

    /// Asserts that running and checking a scenario say the same, and that nothing is begun.
    #[track_caller]
    fn refused(&self, file: &str, parts: &[&str]) {
        let run = self.fails(2, &format!("run {file}"), parts);
        let check = self.fails(2, &format!("check {file}"), parts);
        assert_eq!(run, check);
        assert!(!self.path("runs").exists(), "{file}");
    }
}

/// Asserts that an error begins with what is wrong and has no colours, panics or internal words.
#[track_caller]
fn is_readable(errors: &str) {
    assert!(errors.starts_with("error: "), "{errors}");
    for foreign in ["panicked", "RUST_BACKTRACE", "\u{1b}", "Err(", "Some("] {
        assert!(!errors.contains(foreign), "{errors}");
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The folder of the scenarios that come with the program.
fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Copies the files of a folder.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

/// The summary of a run but for its times.
fn summary(run: &Path) -> serde_json::Value {
    let bytes = fs::read(run.join("summary.json")).unwrap();
    let mut summary: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    summary.as_object_mut().unwrap().remove("timing");
    summary
}
