//! The NEJM layout: a vignette, what the patient and the measurement side know, and five answers
//! of which one is right.

use serde_json::{Map, Value, json};

use super::case::{Case, Fault, NEJM_OBJECTIVE, add, describe, text};
use crate::clinic::record::{EXAMINATIONS, OBJECTIVE, PatientRecord};

/// Keys by which the layout is known.
pub(super) const KEYS: [&str; 2] = ["question", "answers"];

// Sections with the answer in them: their names keep them from view.
const VIGNETTE: &str = "Vignette Summary";
const OFFERED: &str = "Diagnoses Offered";
const IMAGE: &str = "Image Summary";

/// Reads a case.
pub(super) fn read(line: &Map<String, Value>) -> Result<Case, Fault> {
    let question = text(line, "question", "")?;
    let answers = match line.get("answers") {
        Some(Value::Array(answers)) => answers,
        Some(other) => return Err(Fault::wrong("answers", "a list", other)),
        None => return Err(Fault::new("", "expected a key `answers`")),
    };
    let mut right: Vec<&str> = Vec::new();
    for (at, answer) in answers.iter().enumerate() {
        let place = format!("answers[{at}]");
        let Value::Object(parts) = answer else {
            return Err(Fault::wrong(
                place,
                "an object with `text` and `correct`",
                answer,
            ));
        };
        let name = text(parts, "text", &format!("{place}."))?;
        match parts.get("correct") {
            Some(Value::Bool(true)) => right.push(name),
            Some(Value::Bool(false)) => {}
            Some(other) => {
                let place = format!("{place}.correct");
                return Err(Fault::wrong(place, "true or false", other));
            }
            None => return Err(Fault::new(place, "expected a key `correct`")),
        }
    }
    let [diagnosis] = right.as_slice() else {
        let message = format!(
            "expected exactly one answer that is correct, got {}",
            right.len()
        );
        return Err(Fault::new("answers", message));
    };
    let mut patient = PatientRecord::default();
    add(&mut patient, OBJECTIVE, &Value::from(NEJM_OBJECTIVE));
    if let Some(info) = line.get("patient_info") {
        describe(&mut patient, info);
        add(&mut patient, "History of Present Illness", info);
    }
    if let Some(exams) = line.get("physical_exams") {
        add(&mut patient, EXAMINATIONS, exams);
    }
    add(&mut patient, VIGNETTE, &Value::from(question));
    add(&mut patient, OFFERED, &Value::Array(answers.clone()));
    let url = line.get("image_url").filter(|url| url.as_str() != Some(""));
    let kinds = line.get("type");
    if url.is_some() || kinds.is_some() {
        add(
            &mut patient,
            IMAGE,
            &json!({"image_url": url, "type": kinds}),
        );
    }
    const READ: [&str; 6] = [
        "image_url",
        "question",
        "patient_info",
        "physical_exams",
        "answers",
        "type",
    ];
    for (key, value) in line.iter().filter(|(key, _)| !READ.contains(&key.as_str())) {
        add(&mut patient, key, value);
    }
    Ok(Case {
        patient,
        diagnosis: (*diagnosis).to_owned(),
    })
}
