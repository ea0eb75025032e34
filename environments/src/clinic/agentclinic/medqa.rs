//! The MedQA layout: `OSCE_Examination`.

use serde_json::{Map, Value};

use super::case::{Case, Fault, add, describe, text};
use crate::clinic::chart::COMPLAINT;
use crate::clinic::record::{EXAMINATIONS, OBJECTIVE, PatientRecord, TESTS};

/// The key of a case.
pub(super) const KEY: &str = "OSCE_Examination";
const DIAGNOSIS: &str = "Correct_Diagnosis";
/// Objective of a case that states none.
const NO_OBJECTIVE: &str = "Evaluate and diagnose the patient.";

/// Keys of the patient that have a section of another name.
const SECTIONS: [(&str, &str); 5] = [
    ("History", "History of Present Illness"),
    ("Current_Medications", HOME_DRUGS),
    ("Medications", HOME_DRUGS),
    ("Medication", HOME_DRUGS),
    ("Current_Medication", HOME_DRUGS),
];
const HOME_DRUGS: &str = "Medications on Admission";

/// Reads a case; `line` may hold keys beside the case, which are kept too.
pub(super) fn read(line: &Map<String, Value>) -> Result<Case, Fault> {
    let exam = match line.get(KEY) {
        Some(Value::Object(exam)) => exam,
        Some(other) => return Err(Fault::wrong(KEY, "an object", other)),
        None => return Err(Fault::new("", format!("expected a key `{KEY}`"))),
    };
    let diagnosis = text(exam, DIAGNOSIS, &format!("{KEY}."))?.to_owned();
    let mut patient = PatientRecord::default();
    match exam.get("Objective_for_Doctor") {
        Some(objective @ Value::String(words)) if !words.trim().is_empty() => {
            add(&mut patient, OBJECTIVE, objective);
        }
        None | Some(Value::Null) => add(&mut patient, OBJECTIVE, &Value::from(NO_OBJECTIVE)),
        Some(other) => {
            let place = format!("{KEY}.Objective_for_Doctor");
            return Err(Fault::wrong(place, "a text", other));
        }
    }
    match exam.get("Patient_Actor") {
        Some(Value::Object(actor)) => read_actor(&mut patient, actor),
        // A patient in one text knows just that.
        Some(words @ Value::String(_)) => {
            describe(&mut patient, words);
            add(&mut patient, "History of Present Illness", words);
        }
        None | Some(Value::Null) => {}
        Some(other) => {
            let place = format!("{KEY}.Patient_Actor");
            return Err(Fault::wrong(place, "an object", other));
        }
    }
    for (key, section) in [
        ("Physical_Examination_Findings", EXAMINATIONS),
        ("Test_Results", TESTS),
    ] {
        if let Some(tree) = exam.get(key) {
            add(&mut patient, section, tree);
        }
    }
    const READ: [&str; 5] = [
        "Objective_for_Doctor",
        "Patient_Actor",
        "Physical_Examination_Findings",
        "Test_Results",
        DIAGNOSIS,
    ];
    for (key, value) in exam.iter().filter(|(key, _)| !READ.contains(&key.as_str())) {
        add(&mut patient, key, value);
    }
    for (key, value) in line.iter().filter(|(key, _)| *key != KEY) {
        add(&mut patient, key, value);
    }
    Ok(Case { patient, diagnosis })
}

fn read_actor(patient: &mut PatientRecord, actor: &Map<String, Value>) {
    for (key, value) in actor {
        match key.as_str() {
            "Demographics" => describe(patient, value),
            "Symptoms" => read_symptoms(patient, value),
            _ => match SECTIONS.iter().find(|(known, _)| known == key) {
                Some((_, HOME_DRUGS)) => add_drugs(patient, value),
                Some((_, section)) => add(patient, section, value),
                None => add(patient, &section_name(key), value),
            },
        }
    }
}

/// Several keys name the drugs that are taken: they are one list.
fn add_drugs(patient: &mut PatientRecord, value: &Value) {
    match patient.text.get_mut(HOME_DRUGS) {
        None => add(patient, HOME_DRUGS, value),
        Some(there) => *there = Value::from(vec![there.take(), value.clone()]),
    }
}

/// `Past_Medical_History` as `Past Medical History`, `Review_of_Systems` as `Review of Systems`.
fn section_name(key: &str) -> String {
    key.replace('_', " ")
}

fn read_symptoms(patient: &mut PatientRecord, symptoms: &Value) {
    let primary = match symptoms {
        Value::Object(parts) => parts.get("Primary_Symptom"),
        other => Some(other),
    };
    if let Some(primary) = primary {
        add(patient, COMPLAINT, primary);
    }
    add(patient, "Symptoms", symptoms);
}
