//! Consultations of the protocol `agentclinic`, by the real binary.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// An invented case with examinations and tests at several depths.
fn case(diagnosis: &str) -> Value {
    json!({"OSCE_Examination": {
        "Objective_for_Doctor": "See a man with a painful toe.",
        "Patient_Actor": {
            "Demographics": "58-year-old man",
            "History": "My toe began to hurt at night after a feast.",
            "Symptoms": {"Primary_Symptom": "Painful big toe", "Secondary_Symptoms": ["Redness"]}
        },
        "Physical_Examination_Findings": {
            "Vital_Signs": {"Temperature": "37.9 C"},
            "Foot_Examination": {"Toe": ["red", {"Palpation": "hot"}]}
        },
        "Test_Results": {
            "Laboratory_Studies": {"Uric_Acid": "10 mg/dL"},
            "Imaging": {"X-ray_Foot": {"Findings": "soft tissue swelling"}}
        },
        "Correct_Diagnosis": diagnosis
    }})
}

/// What the doctor says in turn 1, 2, …; the last of them also afterwards.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new(cases: &[Value], script: &str, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<String> = cases.iter().map(Value::to_string).collect();
        fs::write(folder.path().join("cases.jsonl"), lines.join("\n")).unwrap();
        fs::write(folder.path().join("doctor.toml"), script).unwrap();
        let scenario = format!(
            r#"schema = "rounds.scenario/1"
name = "consult"
seed = 3
[environment]
kind = "clinic"
patients = {{ agentclinic = "cases.jsonl" }}
[agents.team]
protocol = "agentclinic"
policy = "doctor"
{more}
[policies.doctor]
kind = "language"
model = "doctor"
[models.doctor]
kind = "scripted"
script = "doctor.toml"
"#
        );
        fs::write(folder.path().join("consult.toml"), scenario).unwrap();
        Self { folder }
    }

    fn rounds(&self, arguments: &str) -> (i32, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
            .current_dir(self.folder.path())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code().unwrap(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    /// Runs the scenario and gives its summary and the events.
    #[track_caller]
    fn run(&self, more: &str) -> (Value, Vec<Value>) {
        let (code, out, errors) = self.rounds(&format!("run consult.toml --json --out out {more}"));
        assert_eq!(code, 0, "{errors}");
        let events = fs::read_to_string(self.folder.path().join("out/events.jsonl")).unwrap();
        let events = events
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        (serde_json::from_str(&out).unwrap(), events.collect())
    }
}

fn of<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events
        .iter()
        .filter(|event| event["kind"] == kind)
        .collect()
}

fn mean(summary: &Value, metric: &str) -> Option<f64> {
    summary["arms"][0]["metrics"][metric]["mean"].as_f64()
}

const DOCTOR: &str = r#"
[[rules]]
purpose = "doctor"
round = 1
reply = "Does your toe hurt at night?"
[[rules]]
purpose = "doctor"
round = 2
reply = "REQUEST TEST: [lab results]"
[[rules]]
purpose = "doctor"
round = 3
reply = "REQUEST TEST: MRI of the brain"
[[rules]]
purpose = "doctor"
round = 4
reply = "REQUEST TEST: foot x-ray"
[[rules]]
purpose = "doctor"
reply = "Thank you. DIAGNOSIS READY: Acute gout (podagra)"
[[rules]]
purpose = "judge"
replies = ["yes"]
"#;

#[test]
fn a_consultation_goes_from_the_objective_to_a_verdict() {
    let place = Place::new(
        &[case("Gout")],
        &DOCTOR.replace("Acute gout (podagra)", "gout"),
        "",
    );
    let (summary, events) = place.run("");
    assert_eq!(summary["episodes"]["done"], 1);
    let introduced = of(&events, "introduced");
    assert_eq!(introduced[0]["text"], "See a man with a painful toe.");
    let answers = of(&events, "answered");
    let said = |at: usize| answers[at]["text"].as_str().unwrap();
    assert!(said(0).contains("at night"), "{}", said(0));
    assert!(said(1).contains("10 mg/dL"), "{}", said(1));
    assert_eq!(answers[1]["targets"][0]["field"], "Laboratory_Studies");
    assert_eq!(
        (said(2), &answers[2]["answer"]),
        ("NORMAL READINGS", &json!("not_recorded"))
    );
    assert!(said(3).contains("soft tissue swelling"), "{}", said(3));
    assert_eq!(answers[0]["agent"], "patient");
    assert_eq!(answers[1]["agent"], "measurement");
    let judged = of(&events, "judged");
    assert_eq!(
        (&judged[0]["verdict"], &judged[0]["by"]),
        (&json!("correct"), &json!("match"))
    );
    assert_eq!(mean(&summary, "correct"), Some(1.0));
    assert_eq!(mean(&summary, "hit@1"), Some(1.0));
    assert_eq!(mean(&summary, "questions"), Some(4.0));
    let (_, story, _) = place.rounds("show out 0");
    assert!(story.contains("Judged     correct"), "{story}");
    let report = fs::read_to_string(place.folder.path().join("out/report.html")).unwrap();
    assert!(report.contains("soft tissue swelling"));
    let (code, again, _) = place.rounds("score out --json");
    let again: Value = serde_json::from_str(&again).unwrap();
    assert_eq!((code, &again["arms"]), (0, &summary["arms"]));
}

#[test]
fn the_patient_does_not_know_its_tests_and_the_measurement_side_not_its_story() {
    let script = r#"
[[rules]]
round = 1
reply = "What is your uric acid?"
[[rules]]
round = 2
reply = "REQUEST TEST: history of the feast"
[[rules]]
reply = "DIAGNOSIS READY: Gout"
"#;
    let place = Place::new(&[case("Gout")], script, "missing_test = \"not_available\"");
    let (_, events) = place.run("");
    let answers = of(&events, "answered");
    assert!(!answers[0]["text"].as_str().unwrap().contains("10 mg"));
    assert_eq!(answers[1]["text"], "NOT AVAILABLE");
}

#[test]
fn no_marked_diagnosis_is_wrong_and_the_last_turn_is_announced() {
    let script = "[[rules]]\ncontains = \"This is your last turn\"\nreply = \"That was the last one?\"\n\
        [[rules]]\nreply = \"Go on.\"\n";
    let place = Place::new(&[case("Gout"), case("Pneumonia")], script, "");
    let (summary, events) = place.run("");
    assert_eq!(summary["episodes"]["done"], 2);
    let asked = of(&events, "asked");
    assert_eq!(asked.len(), 40, "20 turns each");
    let last: Vec<&&Value> = asked
        .iter()
        .filter(|event| event["text"] == "That was the last one?")
        .collect();
    assert!(last.len() == 2 && last.iter().all(|event| event["r"] == 20));
    assert!(
        of(&events, "judged")
            .iter()
            .all(|e| e["by"] == "no_diagnosis")
    );
    for metric in ["correct", "hit@1"] {
        assert_eq!(mean(&summary, metric), Some(0.0), "{metric}");
    }
    let place = Place::new(&[case("Gout")], script, "");
    let (summary, _) = place.run("--set limits.rounds=3");
    assert_eq!(mean(&summary, "rounds"), Some(3.0));
}

#[test]
fn a_model_may_judge_and_what_it_mumbles_is_not_wrong() {
    let moderated = "moderator = \"doctor\"";
    let place = Place::new(&[case("Gout")], DOCTOR, moderated);
    let (summary, events) = place.run("");
    let judged = of(&events, "judged");
    assert_eq!(
        (&judged[0]["verdict"], &judged[0]["by"]),
        (&json!("correct"), &json!("model"))
    );
    assert_eq!(mean(&summary, "undetermined"), Some(0.0));
    for (reply, strict, published) in [
        ("No.", "wrong", "undetermined"),
        ("Probably", "undetermined", "undetermined"),
        ("no", "wrong", "wrong"),
    ] {
        for (fidelity, verdict) in [("strict", strict), ("as_published", published)] {
            let script = DOCTOR.replace("[\"yes\"]", &format!("[\"{reply}\"]"));
            let place = Place::new(&[case("Gout")], &script, moderated);
            let (summary, events) = place.run(&format!("--set environment.fidelity={fidelity}"));
            assert_eq!(
                of(&events, "judged")[0]["verdict"],
                verdict,
                "{reply}, {fidelity}"
            );
            let correct = (verdict == "wrong").then_some(0.0);
            assert_eq!(mean(&summary, "correct"), correct, "{reply}, {fidelity}");
        }
    }
}

#[test]
fn the_truth_is_told_to_nobody_but_the_moderator() {
    let lines = |diagnosis: &str| {
        let place = Place::new(&[case(diagnosis)], DOCTOR, "");
        let (_, events) = place.run("");
        let calls = fs::read_to_string(place.folder.path().join("out/calls.jsonl")).unwrap();
        let doctor = events.into_iter().filter(|event| event["side"] == "doctor");
        (doctor.collect::<Vec<_>>(), calls.lines().count())
    };
    assert_eq!(lines("Gout"), lines("Seronegative spondylarthritis"));
}

#[test]
fn the_same_seed_gives_the_same_bytes_for_any_jobs_and_a_replay() {
    let cases: Vec<Value> = ["Gout", "Asthma", "Gout", "Unheard of illness"]
        .map(case)
        .into();
    let place = Place::new(&cases, DOCTOR, "moderator = \"doctor\"");
    let events = |out: &str, more: &str| {
        let (code, _, errors) =
            place.rounds(&format!("run consult.toml --quiet --out {out} {more}"));
        assert_eq!(code, 0, "{errors}");
        fs::read(place.folder.path().join(out).join("events.jsonl")).unwrap()
    };
    let one = events("one", "--jobs 1");
    assert_eq!(one, events("three", "--jobs 3 --set limits.in_flight=2"));
    assert_eq!(one, events("again", "--replay one/calls.jsonl"));
}

#[test]
fn a_knowledge_based_doctor_consults_patients_of_a_knowledge_base() {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("consultation.toml");
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .current_dir(folder.path())
        .arg("run")
        .arg(scenario)
        .args(["--json", "--out", "out"])
        .output()
        .unwrap();
    let summary: Value = serde_json::from_slice(&output.stdout).unwrap();
    let episodes = &summary["episodes"];
    assert_eq!(
        (&episodes["asked"], &episodes["done"]),
        (&json!(100), &json!(100))
    );
    assert!(mean(&summary, "correct").unwrap() > 0.4);
    assert_eq!(mean(&summary, "correct"), mean(&summary, "hit@1"));
    assert!(mean(&summary, "coverage").is_some());
}

#[test]
fn wrong_settings_are_refused_with_the_nearest_name() {
    let place = Place::new(&[case("Gout")], DOCTOR, "");
    for (set, part) in [
        (
            "agents.team.protocol=agentclinc",
            "did you mean `agentclinic`?",
        ),
        ("agents.team.missing_test=norml", "did you mean `normal`?"),
        ("agents.team.moderator=docter", "did you mean `doctor`?"),
    ] {
        let (code, _, errors) = place.rounds(&format!("run consult.toml --set {set}"));
        assert_eq!(code, 2, "{errors}");
        assert!(errors.contains(part), "{set}\n{errors}");
    }
}
