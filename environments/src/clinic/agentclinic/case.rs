//! What both layouts have in common.

use serde_json::{Map, Value};

use super::demographics;
use crate::clinic::record::PatientRecord;
use crate::nearest::nearest;

/// The objective of every case of the NEJM layout.
pub const NEJM_OBJECTIVE: &str = "Find the most likely diagnosis of the patient.";

/// Section with the words that describe the patient.
const DESCRIPTION: &str = "Patient Description";

/// A case that was read.
#[derive(Debug)]
pub(super) struct Case {
    /// The record without its diagnosis.
    pub(super) patient: PatientRecord,
    /// The diagnosis, free text.
    pub(super) diagnosis: String,
}

/// What is wrong with a case, and where in it.
#[derive(Debug)]
pub(super) struct Fault {
    /// Path in the case; empty for the case itself.
    pub(super) place: String,
    /// What was expected and found.
    pub(super) message: String,
}

impl Fault {
    pub(super) fn new(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            message: message.into(),
        }
    }

    /// A value of another type than `expected`.
    pub(super) fn wrong(place: impl Into<String>, expected: &str, got: &Value) -> Self {
        Self::new(place, format!("expected {expected}, got {}", kind(got)))
    }
}

/// The type of a value in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(text) if text.trim().is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A text that must be there and not empty.
pub(super) fn text<'a>(
    object: &'a Map<String, Value>,
    key: &str,
    place: &str,
) -> Result<&'a str, Fault> {
    match object.get(key) {
        Some(Value::String(text)) if !text.trim().is_empty() => Ok(text.trim()),
        Some(other) => Err(Fault::wrong(format!("{place}{key}"), "a text", other)),
        None => {
            let near = nearest(key, object.keys().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let place = if place.is_empty() {
                "the case"
            } else {
                place.trim_end_matches('.')
            };
            let keys: Vec<&str> = object.keys().map(String::as_str).collect();
            let message = format!("expected a key `{key}`, got {}{near}", keys.join(", "));
            Err(Fault::new(place, message))
        }
    }
}

/// Adds a section unless it holds nothing. A name that is taken, or that has a field of its own in
/// the schema, gets a word added, so that nothing is lost.
pub(super) fn add(patient: &mut PatientRecord, name: &str, value: &Value) {
    let empty = match value {
        Value::Null => true,
        Value::Object(parts) => parts.is_empty(),
        Value::Array(parts) => parts.is_empty(),
        _ => false,
    };
    if empty {
        return;
    }
    let mut name = name.replace('_', " ");
    while crate::clinic::record::is_named_section(&name) || patient.text.contains_key(&name) {
        name.push_str(" of Patient");
    }
    patient.text.insert(name, value.clone());
}

/// Takes age and gender from the words that describe the patient, and keeps the words.
pub(super) fn describe(patient: &mut PatientRecord, words: &Value) {
    add(patient, DESCRIPTION, words);
    patient.demographics = demographics::read(&crate::clinic::chart::flatten(words));
}
