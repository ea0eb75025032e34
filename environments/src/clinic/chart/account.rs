//! What a model that speaks for the patient of a record may know.

use serde_json::{Map, Value, json};

use super::patient::COMPLAINT;
use super::render::flatten;
use crate::clinic::patient::Account;
use crate::clinic::record::{OBJECTIVE, PatientRecord};

/// The account of `seen`, which should hold only what may be seen: for the introduction
/// demographics, how the patient came and the complaint; for answers the sections that `open`
/// admits, without demographics and admission.
///
/// # Source
/// DynamiCare card, section 3.
pub(super) fn account(seen: &PatientRecord, open: impl Fn(&str) -> bool) -> Account {
    let mut person = match serde_json::to_value(&seen.demographics) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    };
    let came = &seen.admission;
    let complaint = seen.text.get(COMPLAINT).map(flatten);
    for (name, value) in [
        ("admission_location", &came.admission_location),
        ("admission_type", &came.admission_type),
        ("admission_diagnosis", &came.admission_diagnosis),
        ("chief_complaint", &complaint),
    ] {
        if let Some(text) = value {
            person.insert(name.to_owned(), json!(text));
        }
    }
    // Diagnoses are no part of what may be seen; that they stay out here too costs nothing.
    let apart = ["Demographics", "Admission_info", "Diagnoses", OBJECTIVE];
    let mut record = match serde_json::to_value(seen) {
        Ok(Value::Object(sections)) => sections,
        _ => Map::new(),
    };
    record.retain(|name, _| !apart.contains(&name.as_str()) && open(name));
    Account {
        person,
        record: Value::Object(record),
    }
}
