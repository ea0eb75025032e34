//! Time-aware look-up of one target in a record.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::rules::contains_word;
use super::time;
use crate::clinic::dialogue::Target;
use crate::clinic::record::{Measurement, PatientRecord};

/// Whether the slips of the published program are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fidelity {
    /// Corrected: dates of the years 2000 to 2999, the field of a series is honoured, dotted
    /// sections reach into nested ones, words of time (`latest`, `highest`, `day 2`) count.
    #[default]
    Strict,
    /// As published: dates of the years 2000 to 2099 only, otherwise the first entry; all labels
    /// of a series section; sections by their literal name.
    AsPublished,
}

/// What a look-up found; never empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// A text, a number or a nested section.
    Value(Value),
    /// The first of the dated reports, for want of a better choice.
    Report(Vec<String>),
    /// The dated reports that were chosen by their date.
    Reports(Vec<Vec<String>>),
    /// The chosen measurements of each label.
    Series(BTreeMap<String, Vec<Measurement>>),
}

impl Found {
    /// The find as JSON: a measurement is `[time, value, unit]`.
    pub fn to_value(&self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Report(report) => Value::from(report.clone()),
            Self::Reports(reports) => reports.iter().cloned().map(Value::from).collect(),
            Self::Series(series) => Value::Object(
                series
                    .iter()
                    .map(|(label, entries)| (label.clone(), entries.iter().map(entry).collect()))
                    .collect::<Map<String, Value>>(),
            ),
        }
    }
}

fn entry(m: &Measurement) -> Value {
    let mut parts = vec![m.time.clone(), m.value.clone()];
    parts.extend(m.unit.clone());
    Value::from(parts)
}

/// Names of the sections of `record` that hold something, without the diagnoses.
pub fn section_names(record: &PatientRecord) -> Vec<&str> {
    let mut names = vec!["Demographics", "Admission_info"];
    names.extend(record.text.keys().map(String::as_str));
    for (name, there) in [
        ("Procedure", !record.procedures.is_empty()),
        ("Medications", !record.prescriptions.is_empty()),
        ("ECG", !record.ecg.is_empty()),
        ("Echo", !record.echo.is_empty()),
        ("Radiology", !record.radiology.is_empty()),
    ] {
        if there {
            names.push(name);
        }
    }
    names.extend(record.series.keys().map(String::as_str));
    names
}

/// What `record` holds at `target`; `None` when nothing. The diagnoses are never found.
///
/// Measurements and reports are chosen by the time that `question` asks for; without one, the
/// first entry is taken.
///
/// # Source
/// DynamiCare card, section 3, step 2, and section 5, slips 3, 5, 6 and 7.
pub fn look_up(
    record: &PatientRecord,
    target: &Target,
    question: &str,
    fidelity: Fidelity,
) -> Option<Found> {
    let section = target.section.as_str();
    let field = target.field.as_deref();
    let reports = match section {
        "ECG" => Some(&record.ecg),
        "Echo" => Some(&record.echo),
        "Radiology" => Some(&record.radiology),
        _ => None,
    };
    let when = || When::asked(question, record, fidelity);
    if let Some(reports) = reports {
        return when().choose_reports(reports);
    }
    if let Some(labels) = record.series.get(section) {
        let field = field.filter(|_| fidelity == Fidelity::Strict);
        let when = when();
        let chosen: BTreeMap<_, _> = labels
            .iter()
            .filter(|(label, _)| field.is_none_or(|f| names_label(f, label)))
            .map(|(label, entries)| (label.clone(), when.choose(entries)))
            .filter(|(_, entries)| !entries.is_empty())
            .collect();
        return (!chosen.is_empty()).then_some(Found::Series(chosen));
    }
    static_section(record, section, field, fidelity)
        .filter(|value| !is_blank(value))
        .map(Found::Value)
}

/// Labels that the rules name otherwise than the laboratory's dictionary does.
const LABELS: [(&str, &str); 2] = [("WBC", "White Blood Cells"), ("WBC", "WBC Count")];

fn names_label(field: &str, label: &str) -> bool {
    let same = |name: &str| name.eq_ignore_ascii_case(label);
    same(field) || LABELS.iter().any(|(f, l)| *f == field && same(l))
}

fn static_section(
    record: &PatientRecord,
    section: &str,
    field: Option<&str>,
    fidelity: Fidelity,
) -> Option<Value> {
    let whole = match section {
        "Demographics" => {
            if field == Some("age") && record.demographics.age_over_89 {
                return Some(Value::from("over 89"));
            }
            serde_json::to_value(&record.demographics).ok()?
        }
        "Admission_info" => serde_json::to_value(&record.admission).ok()?,
        "Procedure" if !record.procedures.is_empty() => {
            serde_json::to_value(&record.procedures).ok()?
        }
        "Medications" if !record.prescriptions.is_empty() => {
            serde_json::to_value(&record.prescriptions).ok()?
        }
        _ => match (record.text.get(section), fidelity) {
            (Some(value), _) => value.clone(),
            (None, Fidelity::Strict) => dotted(&record.text, section)?.clone(),
            (None, Fidelity::AsPublished) => return None,
        },
    };
    match field {
        None => Some(whole),
        Some(field) => whole.get(field).cloned(),
    }
}

fn dotted<'a>(text: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut parts = path.split('.');
    let first = text.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

fn is_blank(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.trim().is_empty(),
        Value::Array(items) => items.iter().all(is_blank),
        Value::Object(items) => items.values().all(is_blank),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Which entries of a series a question asks for.
#[derive(Debug, Clone, PartialEq)]
enum When {
    First,
    Last,
    Highest,
    Lowest,
    Trend,
    On(String),
}

const ORDINALS: [&str; 7] = [
    "first", "second", "third", "fourth", "fifth", "sixth", "seventh",
];

impl When {
    fn asked(question: &str, record: &PatientRecord, fidelity: Fidelity) -> Self {
        let years = match fidelity {
            Fidelity::Strict => 2000..=2999,
            Fidelity::AsPublished => 2000..=2099,
        };
        if let Some(date) = time::find_date(question, years) {
            return Self::On(date);
        }
        if fidelity == Fidelity::AsPublished {
            return Self::First;
        }
        let question = question.to_lowercase();
        let admitted = record.admission.admission_time.as_deref();
        if let (Some(day), Some(start)) = (day_number(&question), admitted.and_then(time::parse)) {
            let date = start.minute.div_euclid(time::DAY_MIN) + day - 1;
            return Self::On(time::format_day(date));
        }
        let any = |words: &[&str]| words.iter().any(|word| contains_word(&question, word));
        if any(&["trend", "trends", "over time", "course"]) {
            Self::Trend
        } else if any(&["highest", "max", "maximum", "peak"]) {
            Self::Highest
        } else if any(&["lowest", "min", "minimum"]) {
            Self::Lowest
        } else if any(&["latest", "last", "most recent"]) {
            Self::Last
        } else {
            Self::First
        }
    }

    fn choose(&self, entries: &[Measurement]) -> Vec<Measurement> {
        let Some(first) = entries.first() else {
            return Vec::new();
        };
        let by_number = |better: fn(f64, f64) -> bool| {
            let mut best: Option<(f64, &Measurement)> = None;
            for entry in entries {
                let number = entry.number.or_else(|| entry.value.trim().parse().ok());
                if let Some(number) = number.filter(|n: &f64| n.is_finite())
                    && best.is_none_or(|(b, _)| better(number, b))
                {
                    best = Some((number, entry));
                }
            }
            best.map_or(first, |(_, entry)| entry)
        };
        match self {
            Self::First => vec![first.clone()],
            Self::Last => entries.last().cloned().into_iter().collect(),
            Self::Highest => vec![by_number(|a, b| a > b).clone()],
            Self::Lowest => vec![by_number(|a, b| a < b).clone()],
            Self::Trend => entries.to_vec(),
            Self::On(date) => {
                let mut on: Vec<_> = entries
                    .iter()
                    .filter(|entry| entry.time.starts_with(date.as_str()))
                    .cloned()
                    .collect();
                if on.is_empty() {
                    on.push(first.clone());
                }
                on
            }
        }
    }

    fn choose_reports(&self, reports: &[Vec<String>]) -> Option<Found> {
        let first = reports.first()?;
        Some(match self {
            Self::First | Self::Highest | Self::Lowest => Found::Report(first.clone()),
            Self::Last => Found::Report(reports.last().unwrap_or(first).clone()),
            Self::Trend => Found::Reports(reports.to_vec()),
            Self::On(date) => {
                let on: Vec<_> = reports
                    .iter()
                    .filter(|r| r.first().is_some_and(|d| d.starts_with(date.as_str())))
                    .cloned()
                    .collect();
                if on.is_empty() {
                    Found::Report(first.clone())
                } else {
                    Found::Reports(on)
                }
            }
        })
    }
}

/// The number in "day 3" or "third day", 1 being the day of admission.
fn day_number(question: &str) -> Option<i64> {
    let words: Vec<&str> = question
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    words.windows(2).find_map(|pair| match pair {
        ["day", number] => number.parse().ok().filter(|n| (1..=999).contains(n)),
        [ordinal, "day"] => ORDINALS
            .iter()
            .position(|o| o == ordinal)
            .map(|at| at as i64 + 1),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{golden, patient_from, say_read};
    use super::*;

    fn invented() -> PatientRecord {
        patient_from(&serde_json::json!({
            "Admission_info": {"admission_time": "2149-03-01 10:00:00"},
            "Physical Exam": {"Admission": {"HEENT": "Normal"}},
            "Routine Vital Signs": {"Heart Rate": [
                ["2149-03-01 11:00:00", "88", "bpm"],
                ["2149-03-02 08:00:00", "101", "bpm"],
                ["2149-03-03 07:00:00", "72", "bpm"]
            ]}
        }))
    }

    fn heart_rates(question: &str) -> Vec<String> {
        let target = Target {
            section: "Routine Vital Signs".to_owned(),
            field: Some("Heart Rate".to_owned()),
        };
        match look_up(&invented(), &target, question, Fidelity::Strict) {
            Some(Found::Series(series)) => series["Heart Rate"]
                .iter()
                .map(|m| m.value.clone())
                .collect(),
            other => panic!("expected a series, got {other:?}"),
        }
    }

    #[test]
    fn golden_retrieval() {
        let Some(file) = golden("retrieval.json") else {
            return;
        };
        let record = patient_from(&file["patient"]);
        let cases = file["cases"].as_array().unwrap();
        for case in cases {
            let target = Target {
                section: case["section"].as_str().unwrap().to_owned(),
                field: case["field"].as_str().map(str::to_owned),
            };
            let question = case["question"].as_str().unwrap();
            for (key, fidelity) in [
                ("fixed", Fidelity::Strict),
                ("as_published", Fidelity::AsPublished),
            ] {
                let found = look_up(&record, &target, question, fidelity)
                    .map_or(Value::Null, |found| found.to_value());
                assert_eq!(found, case[key], "{question:?}, {key}");
            }
        }
        say_read("retrieval.json", cases.len());
    }

    #[test]
    fn words_of_time_choose() {
        assert_eq!(heart_rates("heart rate?"), ["88"]);
        assert_eq!(heart_rates("latest heart rate"), ["72"]);
        assert_eq!(heart_rates("heart rate at admission"), ["88"]);
        assert_eq!(heart_rates("highest heart rate"), ["101"]);
        assert_eq!(heart_rates("min heart rate"), ["72"]);
        assert_eq!(heart_rates("trend of the heart rate"), ["88", "101", "72"]);
        assert_eq!(heart_rates("heart rate on day 2"), ["101"]);
        assert_eq!(heart_rates("heart rate on the third day"), ["72"]);
        assert_eq!(heart_rates("heart rate on day 9"), ["88"]);
    }

    #[test]
    fn dotted_sections_are_paths_only_when_strict() {
        let target = Target {
            section: "Physical Exam.Admission".to_owned(),
            field: Some("HEENT".to_owned()),
        };
        let record = invented();
        assert_eq!(
            look_up(&record, &target, "head?", Fidelity::Strict),
            Some(Found::Value(Value::from("Normal")))
        );
        assert_eq!(
            look_up(&record, &target, "head?", Fidelity::AsPublished),
            None
        );
    }
}
