//! Cases made up for the purpose.

use std::fs;

use super::*;
use crate::clinic::chart::{Visibility, visible};
use crate::clinic::record::{RecordSet, check_path};

fn medqa() -> Value {
    json!({"Case": 9, "OSCE_Examination": {
        "Objective_for_Doctor": "Find out why the man coughs.",
        "Patient_Actor": {
            "Demographics": "54-year-old man",
            "History": "A cough for three days.",
            "Symptoms": {"Primary_Symptom": "Cough", "Secondary_Symptoms": "Fever"},
            "Current_Medications": ["Aspirin"],
            "Medications": "Iron",
            "Procedure": "Appendix removed"
        },
        "Physical_Examination_Findings": {
            "Vital_Signs": {"Temperature": "39 C"},
            "Lungs": ["crackles", {"Left": {"Base": "dull", "Apex": 1}}]
        },
        "Test_Results": {"Chest_X-ray": {"Findings": "shadow", "Assessment": "one side"}, "Culture": true},
        "Room": "7",
        "Correct_Diagnosis": "Pneumonia"
    }})
}

fn nejm() -> Value {
    json!({"image_url": "", "question": "A gardener has nodules on one forearm. What is it?",
        "patient_info": "You are a 40-year-old gardener with bumps on your arm.",
        "physical_exams": "Culture at 25 C: grey mould.",
        "answers": [
            {"text": "Sporotrichosis", "correct": true},
            {"text": "Nocardiosis", "correct": false}],
        "type": ["physical"]})
}

fn read_text(text: &str, options: AgentClinicOptions) -> Result<Gathered, SourceError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.jsonl");
    fs::write(&file, text).unwrap();
    read(&file, &CodeNamer::new(None).unwrap(), options)
}

fn read_lines(lines: &[Value]) -> Gathered {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    read_text(&lines.join("\n"), AgentClinicOptions::default()).unwrap()
}

#[test]
fn every_leaf_of_a_case_is_kept() {
    let case = medqa();
    let gathered = read_lines(std::slice::from_ref(&case));
    let record = &gathered.records[0];
    let kept = serde_json::to_value(&record.patient).unwrap();
    let all = leaves(&case);
    assert_eq!(all.len(), 18);
    for leaf in all {
        let words = leaf
            .value
            .as_str()
            .map_or_else(|| leaf.value.to_string(), str::to_owned);
        assert!(
            leaves(&kept)
                .iter()
                .any(|k| k.value.to_string().contains(&words)),
            "{words}"
        );
    }
    assert_eq!(gathered.counts.leaves, 7);
    let text = &record.patient.text;
    assert_eq!(
        text[EXAMINATIONS],
        case["OSCE_Examination"]["Physical_Examination_Findings"]
    );
    assert_eq!(
        text["Medications on Admission"],
        json!([["Aspirin"], "Iron"])
    );
    assert_eq!(text["Procedure of Patient"], "Appendix removed");
    assert_eq!(
        (record.patient.demographics.age, record.hadm_id),
        (Some(54), 1)
    );
    assert_eq!(record.patient.diagnoses[0].icd9_code, "486");
    assert!(!gathered.restricted && gathered.licence.contains("MIT"));
}

#[test]
fn a_vignette_is_read_and_its_answers_are_kept_from_view() {
    let gathered = read_lines(&[nejm()]);
    let record = &gathered.records[0];
    assert_eq!(
        record.patient.diagnoses[0].long_title.as_deref(),
        Some("Sporotrichosis")
    );
    let seen = visible(&record.patient, &Visibility::default());
    let seen = serde_json::to_string(&seen).unwrap();
    assert!(seen.contains("grey mould") && seen.contains("bumps"));
    assert!(
        !seen.contains("Sporotrichosis") && !seen.contains("forearm"),
        "{seen}"
    );
    assert!(gathered.restricted, "the published texts are not open");
    let options = AgentClinicOptions {
        open: true,
        ..AgentClinicOptions::default()
    };
    assert!(!read_text(&nejm().to_string(), options).unwrap().restricted);
}

#[test]
fn repeated_cases_are_counted_and_one_subject() {
    let mut other = medqa();
    other["OSCE_Examination"]["Correct_Diagnosis"] = json!("Rare purple illness");
    let gathered = read_lines(&[medqa(), other, medqa()]);
    let counts = &gathered.counts;
    assert_eq!((counts.read, counts.written), (3, 3));
    assert_eq!(counts.repeated, [Repeated { case: 3, first: 1 }]);
    let subject = |at: usize| gathered.records[at].subject_id;
    assert!(subject(0) == subject(2) && subject(0) != subject(1));
    assert_eq!(counts.names.unmapped_names, ["Rare purple illness"]);
    assert_eq!(counts.names.unmapped_share, Some(1.0 / 3.0));
}

#[test]
fn what_is_optional_may_be_absent() {
    let least = json!({"OSCE_Examination": {"Correct_Diagnosis": "Gout", "Test_Results": {}}});
    let record = &read_lines(&[least]).records[0];
    assert!(!record.patient.text.contains_key(TESTS));
    assert_eq!(record.patient.text.len(), 1);
}

#[test]
fn records_written_are_the_records_in_memory() {
    let gathered = read_lines(&[medqa(), nejm()]);
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("out");
    gathered.write(&out).unwrap();
    let errors = check_path(&out).unwrap();
    let wrong =
        |f: &&crate::clinic::record::Finding| f.severity == crate::clinic::record::Severity::Error;
    assert_eq!(errors.iter().filter(wrong).count(), 0);
    assert_eq!(RecordSet::load(&out).unwrap(), gathered.into_set());
}

#[test]
fn a_bad_case_is_named_with_its_line_and_can_be_skipped() {
    let good = medqa().to_string();
    let mut untrue = nejm();
    untrue["answers"][0]["correct"] = json!(false);
    for (bad, part) in [
        ("{\"a\": ".to_owned(), "column 6: EOF"),
        ("7".to_owned(), "expected an object, got a number"),
        (
            json!({"Question": 1}).to_string(),
            "expected a key `OSCE_Examination`",
        ),
        (
            json!({"resourceType": "Bundle"}).to_string(),
            "data import fhir",
        ),
        (
            json!({"OSCE_Examination": []}).to_string(),
            "expected an object, got a list",
        ),
        (
            json!({"OSCE_Examination": {"Correct_Diagnosi": "Gout"}}).to_string(),
            "did you mean `Correct_Diagnosi`?",
        ),
        (
            json!({"OSCE_Examination": {"Correct_Diagnosis": " "}}).to_string(),
            "an empty text",
        ),
        (
            untrue.to_string(),
            "answers: expected exactly one answer that is correct, got 0",
        ),
        (
            json!({"question": "x"}).to_string(),
            "expected a key `answers`",
        ),
    ] {
        let text = format!("{good}\n\n{bad}\n");
        let error = read_text(&text, AgentClinicOptions::default())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("cases.jsonl:3: ") && error.contains(part),
            "{error}"
        );
        let options = AgentClinicOptions {
            skip_bad: true,
            ..AgentClinicOptions::default()
        };
        let gathered = read_text(&text, options).unwrap();
        assert_eq!((gathered.counts.read, gathered.counts.written), (2, 1));
        assert_eq!(gathered.counts.skipped[0].place, "line 3");
    }
}

#[test]
fn another_kind_of_file_is_told() {
    let pretty = serde_json::to_string_pretty(&json!({"resourceType": "Bundle"})).unwrap();
    for (text, part) in [
        ("", "the file holds no case"),
        (" \n\n", "the file holds no case"),
        ("[\n]", "got a JSON list"),
        (pretty.as_str(), "data import fhir"),
    ] {
        let error = read_text(text, AgentClinicOptions::default())
            .unwrap_err()
            .to_string();
        assert!(error.contains(part), "{error}");
    }
}
