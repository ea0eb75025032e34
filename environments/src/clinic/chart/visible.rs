//! What of a record may be seen: the one place that keeps the truth from the doctor side.

use serde_json::{Map, Value};

use super::time::{self, DAY_MIN};
use crate::clinic::record::{EXAMINATIONS, PatientRecord, TESTS};

/// Parts of section names that are never shown, since they give the answer away.
const HIDDEN: [&str; 6] = [
    "diagnos",
    "impression",
    "assessment",
    "hospital course",
    "summary",
    "discharge",
];

/// How much of a record is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Visibility {
    /// Show the preliminary diagnosis of the admission.
    pub admission_diagnosis: bool,
    /// Hours after admission until which dated entries are seen; `None` shows the whole stay.
    pub until_h: Option<f64>,
}

impl Default for Visibility {
    fn default() -> Self {
        Self {
            admission_diagnosis: false,
            until_h: Some(24.0),
        }
    }
}

/// The part of `record` that may be seen.
///
/// The diagnoses, and sections that are named like one, are never seen. With a limit in time, an
/// entry that cannot be placed in time is not seen either: procedures have no time, and nothing
/// can be placed when the time of admission is unknown. A date without time, and a prescription
/// that starts at midnight, count as the end of that day.
///
/// # Source
/// DynamiCare card, sections 2.2 and 2.3.
pub fn visible(record: &PatientRecord, visibility: &Visibility) -> PatientRecord {
    let mut seen = PatientRecord {
        demographics: record.demographics.clone(),
        admission: record.admission.clone(),
        text: open_sections(&record.text),
        ..PatientRecord::default()
    };
    if !visibility.admission_diagnosis {
        seen.admission.admission_diagnosis = None;
    }
    let limit = Limit::new(record, visibility.until_h);
    if limit == Limit::None {
        seen.procedures = record.procedures.clone();
    }
    let reports = |all: &[Vec<String>]| -> Vec<Vec<String>> {
        let early = |r: &&Vec<String>| limit.admits(r.first().map(String::as_str), false);
        all.iter().filter(early).cloned().collect()
    };
    seen.ecg = reports(&record.ecg);
    seen.echo = reports(&record.echo);
    seen.radiology = reports(&record.radiology);
    seen.prescriptions = record
        .prescriptions
        .iter()
        .filter(|p| limit.admits(p.start.as_deref(), true))
        .cloned()
        .collect();
    for (section, labels) in record.series.iter().filter(|(name, _)| !is_hidden(name)) {
        let kept = labels
            .iter()
            .map(|(label, all)| {
                let early = all.iter().filter(|m| limit.admits(Some(&m.time), false));
                (label.clone(), early.cloned().collect::<Vec<_>>())
            })
            .filter(|(label, entries)| !entries.is_empty() && !is_hidden(label))
            .collect::<std::collections::BTreeMap<_, _>>();
        if !kept.is_empty() {
            seen.series.insert(section.clone(), kept);
        }
    }
    seen
}

fn is_hidden(name: &str) -> bool {
    let name = name.to_lowercase();
    HIDDEN.iter().any(|part| name.contains(part))
}

fn open_sections(sections: &Map<String, Value>) -> Map<String, Value> {
    sections
        .iter()
        .filter(|(name, _)| !is_hidden(name))
        .map(|(name, value)| {
            // Examinations and tests are findings, whatever they are called: `Gait_Assessment`.
            let findings = name == EXAMINATIONS || name == TESTS;
            let shown = if findings {
                value.clone()
            } else {
                open_value(value)
            };
            (name.clone(), shown)
        })
        .collect()
}

fn open_value(value: &Value) -> Value {
    match value {
        Value::Object(sections) => Value::Object(open_sections(sections)),
        Value::Array(items) => items.iter().map(open_value).collect(),
        other => other.clone(),
    }
}

/// The last minute that is seen.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Limit {
    /// Everything is seen.
    None,
    /// Nothing dated can be placed.
    Unknown,
    /// Minutes since 1970.
    Minute(f64),
}

impl Limit {
    fn new(record: &PatientRecord, until_h: Option<f64>) -> Self {
        let Some(hours) = until_h else {
            return Self::None;
        };
        let admitted = record.admission.admission_time.as_deref();
        admitted
            .and_then(time::parse)
            .map_or(Self::Unknown, |start| {
                Self::Minute(start.minute as f64 + hours * 60.0)
            })
    }

    fn admits(self, at: Option<&str>, midnight_is_a_date: bool) -> bool {
        match self {
            Self::None => true,
            Self::Unknown => false,
            Self::Minute(last) => at.and_then(time::parse).is_some_and(|stamp| {
                let midnight = stamp.minute.rem_euclid(DAY_MIN) == 0;
                let whole_day = stamp.date_only || (midnight_is_a_date && midnight);
                let minute = stamp.minute + if whole_day { DAY_MIN - 1 } else { 0 };
                minute as f64 <= last
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::patient_from;
    use super::*;

    #[test]
    fn examinations_and_tests_are_seen_whatever_they_are_called() {
        let record = patient_from(&json!({
            "Physical Examination Findings": {"Leg": {"Gait_Assessment": "limps"}},
            "Test Results": {"Biopsy": {"Impression": "clear"}},
            "Vignette Summary": "the answer",
            "Notes": {"Impression": "the answer"}
        }));
        let seen = serde_json::to_string(&visible(&record, &Visibility::default())).unwrap();
        assert!(seen.contains("limps") && seen.contains("clear"));
        assert!(!seen.contains("the answer"));
    }

    #[test]
    fn the_truth_and_what_comes_late_are_hidden() {
        let record = patient_from(&json!({
            "Admission_info": {
                "admission_time": "2149-03-01 10:00:00",
                "admission_diagnosis": "SEPSIS"
            },
            "Hospital Course": "sepsis",
            "Physical Exam": {"Admission": "fine", "Impression": "sepsis"},
            "Diagnoses": [{"seq_num": 1, "icd9_code": "99592"}],
            "Procedure": [{"icd9_code": "3893"}],
            "Medications": [
                {"drug": "Aspirin", "start": "2149-03-01 00:00:00"},
                {"drug": "Vancomycin", "start": "2149-03-02 00:00:00"}
            ],
            "Chemistry": {"Lactate": [
                ["2149-03-01 11:00:00", "4", "mmol/L"],
                ["2149-03-02 10:01:00", "9", "mmol/L"]
            ]}
        }));
        let seen = visible(&record, &Visibility::default());
        assert!(seen.diagnoses.is_empty() && seen.procedures.is_empty());
        assert_eq!(seen.admission.admission_diagnosis, None);
        assert!(!serde_json::to_string(&seen).unwrap().contains("sepsis"));
        assert_eq!(seen.prescriptions.len(), 1);
        assert_eq!(seen.series["Chemistry"]["Lactate"].len(), 1);
        let all = visible(
            &record,
            &Visibility {
                admission_diagnosis: true,
                until_h: None,
            },
        );
        assert!(all.diagnoses.is_empty());
        assert_eq!(all.prescriptions.len(), 2);
        assert_eq!(all.procedures.len(), 1);
    }
}
