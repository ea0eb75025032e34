//! `baseline`: the arm that `rounds run` plays beside the first one.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rounds::statistics::Summary;
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    /// A folder with a scenario of three arms whose second is the baseline.
    fn new(more: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        let ward = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
        let scenario = format!(
            "schema = \"rounds.scenario/1\"\nextends = {:?}\nname = \"three\"\nepisodes = 12\n{more}\n\
             [[arms]]\nname = \"many\"\n\
             [[arms]]\nname = \"one\"\nset = {{ \"agents.team.kind\" = \"solo-fixed\" }}\n\
             [[arms]]\nname = \"all\"\nset = {{ \"agents.team.kind\" = \"all\" }}\n",
            ward.display()
        );
        fs::write(place.path("three.toml"), scenario).unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn rounds(&self, arguments: &[&str]) -> (Option<i32>, Vec<u8>, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
            .current_dir(self.0.path())
            .args(arguments)
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), output.stdout, errors)
    }

    fn summary(&self, arguments: &[&str]) -> Summary {
        let (code, out, errors) = self.rounds(&[arguments, &["--json"]].concat());
        assert_eq!(code, Some(0), "{errors}");
        serde_json::from_slice(&out).unwrap()
    }
}

fn names(summary: &Summary) -> Vec<&str> {
    summary.arms.iter().map(|arm| arm.name.as_str()).collect()
}

#[test]
fn a_run_compares_the_first_arm_with_the_baseline() {
    let place = Place::new("baseline = \"one\"");
    let run = place.summary(&["run", "three.toml", "--out", "both"]);
    assert_eq!(names(&run), ["many", "one"]);
    let compared = run.comparisons.iter().find(|c| c.metric == "hit@1");
    let compared = compared.unwrap();
    assert_eq!((&*compared.a, &*compared.b), ("many", "one"));
    let again = place.summary(&["run", "three.toml", "--resume", "both"]);
    assert_eq!(again, run);

    // Each arm is what it is alone.
    let alone = place.summary(&["run", "three.toml", "--arm", "many", "--out", "alone"]);
    assert_eq!(names(&alone), ["many"]);
    let events = |folder: &str| fs::read(place.path(folder).join("events.jsonl")).unwrap();
    assert!(events("both/arms/00-many") == events("alone"));

    // Arms of the command line take the place of those of the file, and of their baseline.
    let vary = "agents.team.kind=static,dynamic";
    let bench = place.summary(&["bench", "three.toml", "--vary", vary, "--out", "varied"]);
    assert_eq!(bench.arms.len(), 2);
    let bench = place.summary(&["bench", "three.toml", "--out", "bench"]);
    assert_eq!(names(&bench), ["many", "one", "all"]);
}

#[test]
fn a_baseline_is_one_of_the_arms() {
    let place = Place::new("baseline = \"on\"");
    let (code, _, errors) = place.rounds(&["check", "three.toml"]);
    assert_eq!(code, Some(2));
    for part in [
        "there is no arm `on`",
        "three.toml:5",
        "did you mean `one`?",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    let (code, _, errors) = place.rounds(&[
        "run",
        "three.toml",
        "--set",
        "baseline=\"many\"",
        "--out",
        "run",
    ]);
    // The first arm is not played twice.
    assert_eq!(code, Some(0), "{errors}");
    assert!(!place.path("run/arms").exists());
    let (code, _, errors) = place.rounds(&[
        "run",
        "three.toml",
        "--set",
        "baseline=\"one\"",
        "--set",
        "arms=[]",
        "--out",
        "none",
    ]);
    assert_eq!(code, Some(2));
    assert!(errors.contains("it has no [[arms]]"), "{errors}");
}
