//! Human review by the real binary: blinded sheets go out, ratings come back.
#![expect(clippy::unwrap_used, reason = "a test fails by panic")]

mod bad_input;
#[path = "../program/ends.rs"]
mod ends;
mod measured;
mod sheets;

use std::fs;
use std::path::PathBuf;

use ends::ends;
use serde_json::Value;
use tempfile::TempDir;

/// Cases of the suite: in the first six the patient is glad, and the judge says yes of those.
const CASES: usize = 10;
const GLAD: usize = 6;

const CHECKS: &str = r#"
[[checks]]
id = "kind"
judge = { question = "Was the doctor kind?" }
points = 10
axis = "communication"

[[checks]]
id = "asks"
when = "asked(cough)"
points = 10
axis = "history"

[[checks]]
id = "dx"
when = "diagnosis(rank<=3)"
points = 1
axis = "accuracy"
"#;

const SUITE: &str = r#"schema = "rounds.suite/1"
name = "small"
seed = 3
cases = ["cases/*.toml"]
repeats = 1

[judge]
model = "assessor"

[models.assessor]
kind = "scripted"
script = "judge.toml"

[agents.team]
kind = "generalist"
policy = "doctor"

[policies.doctor]
kind = "plan"
moves = ["ask cough", "diagnose Flu"]

[thresholds]
score = ">= 0"
"#;

/// A working directory with an evaluation in `out`.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self::with(SUITE)
    }

    fn with(suite: &str) -> Self {
        let place = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for number in 0..CASES {
            let mood = if number < GLAD { "glad" } else { "sorry" };
            let case = format!(
                "schema = \"rounds.case/1\"\nid = \"case-{number}\"\ntitle = \"A title\"\n\
                 licence = \"CC0-1.0\"\n\n[patient]\nopening = \"I am {mood} to come, number \
                 {number}.\"\ndemographics = {{ age = 54, sex = \"M\" }}\n\n[patient.facts]\n\
                 cough = {{ say = \"I cough at night.\" }}\n\n[truth]\ndiagnosis = \
                 \"Influenza\"\nicd9 = [\"487.1\"]\naccept = [\"Flu\"]\n{CHECKS}"
            );
            place.write(&format!("cases/{number}.toml"), &case);
        }
        place.write(
            "judge.toml",
            "[[rules]]\ncontains = \"I am glad\"\nreply = \"yes\"\n\n[[rules]]\nreply = \"no\"\n",
        );
        place.write("suite.toml", suite);
        place.ends(0, &["evaluate", "suite.toml", "--out", "out", "--quiet"]);
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

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.read(name)).unwrap()
    }

    /// Runs what ends with `code`, and gives what it prints on standard output and error.
    #[track_caller]
    fn ends(&self, code: i32, arguments: &[&str]) -> (String, String) {
        ends(code, self.folder.path(), arguments)
    }

    /// Exports `sheet.csv` with further arguments.
    #[track_caller]
    fn export(&self, more: &[&str]) -> String {
        let first = ["review", "export", "out", "--out", "sheet.csv"];
        self.ends(0, &[&first[..], more].concat()).0
    }

    /// Rates `sheet.csv` by its key: `say` gets the number of the case and the check.
    fn rate(&self, file: &str, rater: &str, say: impl Fn(usize, &str) -> &'static str) {
        let key = self.json("sheet.key.json");
        let mut text = "item,verdict,rater\n".to_owned();
        for item in key["items"].as_array().unwrap() {
            let case = item["case"].as_str().unwrap();
            let case: usize = case.strip_prefix("case-").unwrap().parse().unwrap();
            let verdict = say(case, item["check"].as_str().unwrap());
            let item = item["item"].as_str().unwrap();
            text.push_str(&format!("{item},{verdict},{rater}\n"));
        }
        self.write(file, &text);
    }
}

/// The verdict of a person who agrees with the judge on four of the glad and three of the sorry.
fn person(case: usize, _: &str) -> &'static str {
    if case < 4 || case == 9 { "yes" } else { "no" }
}
