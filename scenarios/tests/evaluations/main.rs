//! Scripted evaluations by the real binary: what comes out, what is refused, and that a stored
//! evaluation says the same again.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panic and tells what it read"
)]

mod bad_input;
mod compared;
mod fairness;
mod golden;
mod injection;
mod judged;
mod outputs;
mod shipped;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

/// A small case that a plan can pass or fail.
const CASE: &str = r#"schema = "rounds.case/1"
id = "clot"
title = "Sudden breathlessness"
licence = "CC0-1.0"

[patient]
opening = "I suddenly cannot breathe."
demographics = { age = 54, sex = "M" }
reveals = ["shortness_of_breath"]

[patient.facts]
shortness_of_breath = { say = "Since this morning." }
leg_swelling = { say = "My left calf is swollen.", aliases = ["calf"] }
travel = { say = "I flew home yesterday.", aliases = ["flight"] }

[patient.tests]
ct = { result = "A filling defect.", abnormal = true, cost = 1300, aliases = ["scan"] }

[truth]
diagnosis = "Pulmonary embolism"
icd9 = ["415.19"]
accept = ["PE"]

[[checks]]
id = "leg-first"
when = "before(asked(leg_swelling), ordered(ct))"
points = 3
axis = "order"

[[checks]]
id = "dx"
when = "diagnosis(rank<=3)"
points = 7
axis = "accuracy"

[[checks]]
id = "missed"
when = "not diagnosis(rank<=10)"
critical = true
points = -10
axis = "safety"
"#;

/// A suite of that case for a policy that follows a plan.
const SUITE: &str = r#"schema = "rounds.suite/1"
name = "small"
seed = 3
cases = ["cases/*.toml"]
repeats = 2

[agents.team]
kind = "generalist"
policy = "doctor"

[policies.doctor]
kind = "plan"
moves = ["ask leg_swelling", "order ct", "diagnose PE; Pneumonia"]
"#;

/// A working directory with `suite.toml` and `cases/clot.toml` in it.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        place.write("suite.toml", SUITE);
        place.write("cases/clot.toml", CASE);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The case with one text replaced.
    fn case_with(&self, from: &str, to: &str) {
        assert!(CASE.contains(from), "{from}");
        self.write("cases/clot.toml", &CASE.replace(from, to));
    }

    /// The suite with one text replaced.
    fn suite_with(&self, from: &str, to: &str) {
        assert!(SUITE.contains(from), "{from}");
        self.write("suite.toml", &SUITE.replace(from, to));
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    fn rounds(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_rounds"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env("NO_COLOR", "1")
            .output()
            .unwrap()
    }

    /// Runs what ends with `code`, and gives what it prints on standard output and error.
    #[track_caller]
    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        let output = self.rounds(arguments);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, errors) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}\n{out}\n{errors}"
        );
        (out, errors)
    }
}

fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
