use serde_json::json;

use super::super::tests::patient_from;
use super::*;

fn patient() -> ChartPatient {
    patient_with("995.92", "Severe sepsis")
}

fn patient_with(code: &str, title: &str) -> ChartPatient {
    let record = Record {
        hadm_id: 7,
        patient: patient_from(&json!({
            "Demographics": {"age": 64, "gender": "F"},
            "Admission_info": {
                "admission_time": "2149-03-01 10:00:00",
                "admission_diagnosis": "SEPSIS"
            },
            "Chief Complaint": "Fever and chills",
            "History of Present Illness": "She fell. Her left knee hurts since then.",
            "Diagnoses": [
                {"seq_num": 2, "icd9_code": "486", "long_title": "Pneumonia"},
                {"seq_num": 1, "icd9_code": code, "long_title": title}
            ],
            "Chemistry": {"Sodium": [["2149-03-01 11:00:00", "128", "mEq/L", "abnormal"]]}
        })),
        ..Record::default()
    };
    ChartPatient::new(&Arc::new(record), None, ChartOptions::default()).unwrap()
}

fn ask(patient: &ChartPatient, question: &str) -> Answer {
    patient.answer(&Question::Text(question.into()), 0.0)
}

#[test]
fn answers_have_three_kinds_and_a_source() {
    let patient = patient();
    let sodium = ask(&patient, "What is your sodium?");
    assert_eq!(sodium.kind, AnswerKind::Value);
    assert_eq!(
        sodium.text.as_deref(),
        Some("My Sodium was 128 mEq/L on 2149-03-01 at 11:00.")
    );
    assert_eq!(
        ask(&patient, "Any allergies?").kind,
        AnswerKind::NotRecorded
    );
    assert_eq!(
        ask(&patient, "Favourite colour?").kind,
        AnswerKind::NotUnderstood
    );
    let knee = ask(&patient, "Does your knee hurt on the left?");
    assert_eq!(knee.source, AnswerSource::Fallback);
}

#[test]
fn an_account_holds_what_may_be_seen_and_never_the_truth() {
    let patient = patient();
    let account = patient.account(false);
    assert_eq!(
        account.person,
        *json!({"age": 64, "gender": "F", "chief_complaint": "Fever and chills"})
            .as_object()
            .unwrap()
    );
    let record = account.record.to_string();
    assert!(record.contains("knee") && record.contains("128"));
    for hidden in ["gender", "admission_time", "sepsis", "Pneumonia", "99592"] {
        assert!(!record.contains(hidden), "{hidden}");
    }
    let told = patient.account(true).record.to_string();
    assert!(told.contains("knee") && !told.contains("128"));
    let other = patient_with("410.71", "Infarction");
    assert_eq!(other.account(false), account, "the truth changes nothing");
}

#[test]
fn the_truth_stays_out_of_sight() {
    let patient = patient();
    assert_eq!(patient.truth().codes, ["99592", "486"]);
    let text = patient.introduction().text.to_lowercase();
    assert!(text.contains("fever") && !text.contains("sepsis"));
    for question in ["your diagnoses?", "admission_info", "tell me all diagnosis"] {
        let said = ask(&patient, question).text.unwrap().to_lowercase();
        assert!(
            !said.contains("sepsis") && !said.contains("pneumonia"),
            "{said}"
        );
    }
}

#[test]
fn another_truth_changes_nothing_that_is_seen() {
    let (one, other) = (patient(), patient_with("41401", "Coronary atherosclerosis"));
    assert_ne!(one.truth(), other.truth());
    assert_eq!(one.introduction(), other.introduction());
    for rule in super::super::rules::rules() {
        for keyword in &rule.keywords {
            assert_eq!(ask(&one, keyword), ask(&other, keyword), "{keyword}");
        }
    }
}

#[test]
fn tests_can_be_down() {
    let mut patient = patient();
    patient.set("tests", &json!("down")).unwrap();
    assert_eq!(ask(&patient, "sodium?").kind, AnswerKind::NotRecorded);
    patient.set("tests", &json!("up")).unwrap();
    assert_eq!(ask(&patient, "sodium?").kind, AnswerKind::Value);
    assert!(patient.set("tests", &json!(3)).is_err());
    let error = patient.set("beds", &json!(3)).unwrap_err();
    assert!(error.to_string().contains("tests"));
}

/// A patient with examinations, tests and a story of its own.
fn case() -> ChartPatient {
    let record = Record {
        hadm_id: 1,
        patient: patient_from(&json!({
            "Objective for Doctor": "Find out why she coughs.",
            "Chief Complaint": "Cough and fever",
            "Review of Systems": "Denies chest pain.",
            "Physical Examination Findings": {"Lungs": "crackles"},
            "Test Results": {"Blood_Work": {"WBC": "15"}, "Chest_X-ray": {"Findings": "shadow"}},
            "Diagnoses": [{"seq_num": 1, "icd9_code": "", "long_title": "Rare illness"}]
        })),
        ..Record::default()
    };
    let knowledge = Some(Knowledge::builtin());
    ChartPatient::new(&Arc::new(record), knowledge, ChartOptions::default()).unwrap()
}

#[test]
fn a_record_answers_by_its_own_names_after_the_rules() {
    let patient = case();
    let film = ask(&patient, "What did the CXR show?");
    assert_eq!(
        film.text.as_deref(),
        Some("My chest x-ray: Findings: shadow.")
    );
    assert_eq!(film.targets[0].section, "Test Results");
    assert!(film.cost > 100.0 && film.turnaround_min > 0.0);
    let labs = patient.measure("Laboratory_Studies", 0.0);
    assert!(labs.text.unwrap().contains("15"));
    assert_eq!(
        patient.measure("CT of the head", 0.0).kind,
        AnswerKind::NotRecorded
    );
    assert_eq!(patient.objective(), Some("Find out why she coughs."));
}

#[test]
fn the_two_sides_of_a_patient_are_apart() {
    let patient = case();
    let opening = patient.tell("Hello, what brings you in today?", 0.0);
    assert_eq!(
        opening.text.as_deref(),
        Some("My chief complaint: Cough and fever.")
    );
    assert_eq!(
        patient.tell("What did your chest x-ray show?", 0.0).source,
        AnswerSource::Unavailable
    );
    assert_ne!(
        patient.measure("chief complaint", 0.0).kind,
        AnswerKind::Value
    );
}

#[test]
fn findings_without_a_probe_are_read_off_the_words() {
    let patient = case();
    let knowledge = Knowledge::builtin();
    let present = |name: &str| {
        let at = knowledge
            .findings()
            .iter()
            .position(|f| f.name == name)
            .unwrap();
        patient
            .answer(&Question::Finding(FindingIx(at as u32)), 0.0)
            .present
    };
    assert_eq!(present("fever"), Some(true));
    assert_eq!(present("chest pain"), Some(false));
    assert_eq!(present("headache"), None);
    assert!(patient.introduction().observed.len() >= 2);
}
