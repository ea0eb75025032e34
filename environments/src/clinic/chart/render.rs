//! Finds put in words, in the first person.

use serde_json::Value;

use super::retrieval::Found;
use crate::clinic::dialogue::Target;
use crate::clinic::record::{Measurement, PatientRecord};

/// What is said when the record does not hold the item.
pub(super) const NOT_RECORDED: &str = "I do not know; nothing is recorded about that.";

/// What is said when no rule fired.
pub(super) const NOT_UNDERSTOOD: &str = "I did not understand what you are asking about.";

/// The text of a value: parts of lists and objects joined by `; `.
pub(crate) fn flatten(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::Array(items) => join(items.iter().map(flatten)),
        Value::Object(items) => join(items.iter().map(|(name, value)| {
            let text = flatten(value);
            if text.is_empty() {
                text
            } else {
                format!("{}: {text}", name.replace('_', " "))
            }
        })),
    }
}

fn join(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

/// One find in the first person.
pub(super) fn say(target: &Target, found: &Found) -> String {
    match found {
        Found::Value(value) => {
            let name = target.field.as_deref().unwrap_or(&target.section);
            let text = flatten(value);
            let stop = if text.ends_with('.') { "" } else { "." };
            match name {
                "age" => format!("My age is {text}{stop}"),
                _ => format!("My {}: {text}{stop}", name.replace('_', " ").to_lowercase()),
            }
        }
        Found::Report(report) => say_report(&target.section, report),
        Found::Reports(reports) => {
            let said = reports.iter().map(|r| say_report(&target.section, r));
            said.collect::<Vec<_>>().join(" ")
        }
        Found::Series(series) => {
            let said = series.iter().map(|(label, entries)| {
                let values: Vec<String> = entries.iter().map(say_measurement).collect();
                format!("My {label} was {}.", values.join(", then "))
            });
            said.collect::<Vec<_>>().join(" ")
        }
    }
}

fn say_report(section: &str, report: &[String]) -> String {
    let date = report.first().map_or("", String::as_str);
    let text = report.get(1..).unwrap_or_default().join("; ");
    format!("My {section} of {date}: {}.", text.trim_end_matches('.'))
}

fn say_measurement(m: &Measurement) -> String {
    let unit = m
        .unit
        .as_deref()
        .map_or_else(String::new, |u| format!(" {u}"));
    match m.time.split_once(' ') {
        Some((date, clock)) => {
            let clock = clock.get(..5).unwrap_or(clock);
            format!("{}{unit} on {date} at {clock}", m.value)
        }
        None => format!("{}{unit} on {}", m.value, m.time),
    }
}

/// How the patient of `record`, which should hold only what may be seen, presents.
pub(super) fn introduce(record: &PatientRecord) -> String {
    let who = &record.demographics;
    let age = match (who.age, who.age_over_89) {
        (_, true) => "over 89 years old".to_owned(),
        (Some(age), _) => format!("{age} years old"),
        (None, _) => String::new(),
    };
    let gender = match who.gender.as_deref() {
        Some("M") => "a man",
        Some("F") => "a woman",
        _ => "",
    };
    let mut said = Vec::new();
    let person: Vec<&str> = [gender, age.as_str()]
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect();
    if !person.is_empty() {
        said.push(format!("I am {}.", person.join(", ")));
    }
    let came = &record.admission;
    if let Some(kind) = &came.admission_type {
        said.push(format!(
            "The kind of my admission: {}.",
            kind.to_lowercase()
        ));
    }
    if let Some(place) = &came.admission_location {
        said.push(format!("I came by: {}.", place.to_lowercase()));
    }
    if let Some(guess) = &came.admission_diagnosis {
        said.push(format!("I was told it may be: {}.", guess.to_lowercase()));
    }
    let complaint = record.text.get(super::patient::COMPLAINT).map(flatten);
    match complaint.filter(|text| !text.is_empty()) {
        Some(text) => said.push(format!(
            "I am here because of: {}.",
            text.trim_end_matches('.')
        )),
        None => said.push("I do not feel well.".to_owned()),
    }
    said.join(" ")
}
