//! A doctor and a judge behind servers, the judge failing at random: what it leaves open is
//! undetermined with bounds, never "not met".

use rounds_models::ScriptedRules;
use rounds_tests::loopback::{Fault, FaultPlan, Loopback, Settings};
use rounds_tests::project_file;
use serde_json::Value;

use super::command::{done, rounds, said, summary};

const QUESTION: &str = "\n[[checks]]\nid = \"kind\"\npoints = 2\noptional = true\n\
                        judge = { question = \"Was the doctor kind?\", votes = 1 }\n";

#[test]
fn a_judge_that_fails_leaves_verdicts_open_and_bounds_the_score() {
    let doctor = Loopback::start(Settings::default()).unwrap();
    let yes = "name = \"judge\"\ndefault = \"yes\"\n";
    let judge = Loopback::start(Settings {
        script: Some(ScriptedRules::from_toml(yes).unwrap()),
        faults: FaultPlan {
            rates: vec![
                (Fault::ServerError, 0.2),
                (Fault::Refusal, 0.2),
                (Fault::NullContent, 0.2),
            ],
            ..FaultPlan::default()
        },
        ..Settings::default()
    })
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for name in ["gout", "pneumonia", "migraine", "appendicitis"] {
        let case = project_file(&format!("scenarios/evaluations/cases/{name}.toml"));
        let text = std::fs::read_to_string(case).unwrap();
        std::fs::write(folder.path().join(format!("{name}.toml")), text + QUESTION).unwrap();
        files.push(format!("{name}.toml"));
    }
    let suite = format!(
        r#"schema = "rounds.suite/1"
name = "judged"
cases = {files:?}
repeats = 10

[agents.team]
policy = "doctor"

[policies.doctor]
kind = "language"
model = "doctor"

[models.doctor]
kind = "openai"
model = "loopback"
base_url = "{}"

[models.judge]
kind = "openai"
model = "loopback"
base_url = "{}"
attempts = 1

[judge]
model = "judge"

[limits]
rounds = 3

[thresholds]
score = ">= -100"
"#,
        doctor.base_url(),
        judge.base_url()
    );
    let file = folder.path().join("suite.toml");
    std::fs::write(&file, suite).unwrap();
    let out = folder.path().join("out");
    let said = said(
        &rounds(&[
            "evaluate",
            file.to_str().unwrap(),
            "--quiet",
            "--out",
            out.to_str().unwrap(),
        ])
        .output()
        .unwrap(),
    );
    let left = summary(&out);
    assert_eq!(left["episodes"]["done"], 40, "{said}");
    let verdicts = std::fs::read_to_string(out.join("arms/00-default/judgements.jsonl")).unwrap();
    let verdicts: Vec<Value> = verdicts
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(verdicts.len(), 40);
    let of = |wanted: Value| verdicts.iter().filter(|line| line["met"] == wanted).count();
    let (met, open) = (of(true.into()), of(Value::Null));
    // The judge only ever says yes, so what is not met comes from nowhere.
    assert_eq!(of(false.into()), 0, "{verdicts:?}");
    assert!(met > 0 && open > 0, "{met} met, {open} open");
    let lines = std::fs::read_to_string(out.join("evaluation.jsonl")).unwrap();
    let mut wide = 0;
    for line in lines.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let bound = |at: usize| line["score_bounds"][at].as_f64().unwrap();
        let covered = line["verdict_coverage"].as_f64().unwrap();
        assert_eq!(bound(0) < bound(1), covered < 1.0, "{line}");
        wide += usize::from(covered < 1.0);
    }
    assert_eq!(wide, open);
    let mean = left["arms"][0]["metrics"]["undetermined"]["mean"].as_f64();
    assert!(mean.is_some_and(|mean| mean > 0.0), "{left}");
    println!("{met} met, {open} undetermined: {said}");

    // Judged once more from the recorded calls alone.
    drop((doctor, judge));
    let again = folder.path().join("again");
    let calls = out.join("arms/00-default/calls.jsonl");
    done(&[
        "evaluate",
        file.to_str().unwrap(),
        "--quiet",
        "--replay",
        calls.to_str().unwrap(),
        "--out",
        again.to_str().unwrap(),
    ]);
    let read = |folder: &std::path::Path| {
        std::fs::read(folder.join("arms/00-default/judgements.jsonl")).unwrap()
    };
    assert!(read(&out) == read(&again));
}
