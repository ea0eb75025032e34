//! Checks of one record for `rounds data check`.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::schema::Record;
use super::timestamp::Timestamp;
use crate::clinic::icd9;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The record works, but a result may not be what is expected.
    Warning,
    /// The record is wrong.
    Error,
}

/// One thing that a check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// File of the record.
    pub file: PathBuf,
    /// Place in the record, as a path of section, label and position from 0.
    pub place: String,
    /// How bad it is.
    pub severity: Severity,
    /// What was expected and found.
    pub text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(
            f,
            "{severity}: {}: {}: {}",
            self.file.display(),
            self.place,
            self.text
        )
    }
}

/// Checks a record that was read from `file`: dates and their order, codes, diagnoses, numbers.
///
/// The findings name places, not values of text sections; they come in the order of the record.
pub fn check_record(file: &Path, record: &Record) -> Vec<Finding> {
    Check::of(file, record).findings
}

/// The first time of a record that is none.
pub(super) fn wrong_date(file: &Path, record: &Record) -> Option<Finding> {
    let mut check = Check::of(file, record);
    let at = check.wrong_date?;
    Some(check.findings.swap_remove(at))
}

struct Check<'a> {
    file: &'a Path,
    findings: Vec<Finding>,
    /// Position of the first finding about a time that is none.
    wrong_date: Option<usize>,
}

impl<'a> Check<'a> {
    /// Everything that is wrong with a record.
    fn of(file: &'a Path, record: &Record) -> Self {
        let mut check = Self {
            file,
            findings: Vec::new(),
            wrong_date: None,
        };
        check.identity(record);
        check.admission(record);
        check.codes(record);
        check.prescriptions(record);
        check.reports(record);
        check.series(record);
        check
    }

    fn add(&mut self, severity: Severity, place: impl Into<String>, text: impl Into<String>) {
        self.findings.push(Finding {
            file: self.file.to_owned(),
            place: place.into(),
            severity,
            text: text.into(),
        });
    }

    /// Reads a date, or notes that it is none.
    fn date(&mut self, place: &str, text: &str) -> Option<Timestamp> {
        let time = Timestamp::parse(text.as_bytes());
        if time.is_none() {
            self.wrong_date.get_or_insert(self.findings.len());
            self.add(
                Severity::Error,
                place,
                format!("`{text}` is not a date, expected YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"),
            );
        }
        time
    }

    fn identity(&mut self, record: &Record) {
        for (place, id) in [
            ("subject_id", record.subject_id),
            ("hadm_id", record.hadm_id),
        ] {
            if id == 0 {
                self.add(
                    Severity::Warning,
                    place,
                    "not given, so splits cannot use it",
                );
            }
        }
    }

    fn admission(&mut self, record: &Record) {
        let demographics = &record.patient.demographics;
        match (demographics.age, demographics.age_over_89) {
            (Some(age), _) if age >= 150 => self.add(
                Severity::Error,
                "Demographics.age",
                format!("{age} is a masked age; expected age_over_89 instead"),
            ),
            (Some(_), true) => self.add(
                Severity::Error,
                "Demographics.age",
                "given although age_over_89 says that it is masked",
            ),
            (None, false) => self.add(Severity::Warning, "Demographics.age", "not recorded"),
            _ => {}
        }
        match &record.patient.admission.admission_time {
            Some(time) => {
                self.date("Admission_info.admission_time", time);
            }
            None => self.add(
                Severity::Warning,
                "Admission_info.admission_time",
                "not recorded, so times of the stay cannot be placed",
            ),
        }
    }

    fn codes(&mut self, record: &Record) {
        if record.patient.diagnoses.is_empty() {
            self.add(
                Severity::Warning,
                "Diagnoses",
                "no diagnosis: a visit to this patient is not scored",
            );
        }
        for (i, entry) in record.patient.diagnoses.iter().enumerate() {
            let code = &entry.icd9_code;
            let place = format!("Diagnoses[{i}].icd9_code");
            let named = entry.short_title.is_some() || entry.long_title.is_some();
            if code.is_empty() && named {
                let text = "no code was found for the name: it is compared by name alone";
                self.add(Severity::Warning, place, text);
            } else if icd9::normal_diagnosis(code).is_none() {
                let text = format!("`{code}` is not a diagnosis code of ICD-9-CM");
                self.add(Severity::Error, place, text);
            } else if !named {
                let text = format!("`{code}` has no title, so names cannot be matched to it");
                self.add(Severity::Warning, place, text);
            }
        }
        for (i, entry) in record.patient.procedures.iter().enumerate() {
            let code = &entry.icd9_code;
            if icd9::normal_procedure(code).is_none() {
                self.add(
                    Severity::Error,
                    format!("Procedure[{i}].icd9_code"),
                    format!("`{code}` is not a procedure code of ICD-9-CM"),
                );
            }
        }
    }

    fn prescriptions(&mut self, record: &Record) {
        for (i, entry) in record.patient.prescriptions.iter().enumerate() {
            if entry.drug.is_empty() {
                self.add(
                    Severity::Warning,
                    format!("Medications[{i}].drug"),
                    "no name",
                );
            }
            let mut times = [None, None];
            for (slot, (name, time)) in times
                .iter_mut()
                .zip([("start", &entry.start), ("end", &entry.end)])
            {
                if let Some(time) = time {
                    *slot = self.date(&format!("Medications[{i}].{name}"), time);
                }
            }
            if let [Some(start), Some(end)] = times
                && end < start
            {
                self.add(
                    Severity::Warning,
                    format!("Medications[{i}].end"),
                    "the end is before the start",
                );
            }
        }
    }

    fn reports(&mut self, record: &Record) {
        let patient = &record.patient;
        for (section, reports) in [
            ("ECG", &patient.ecg),
            ("Echo", &patient.echo),
            ("Radiology", &patient.radiology),
        ] {
            for (i, report) in reports.iter().enumerate() {
                let place = format!("{section}[{i}]");
                match report.as_slice() {
                    [] => self.add(Severity::Error, place, "empty, expected [date, text, …]"),
                    [date, rest @ ..] => {
                        self.date(&place, date);
                        if rest.is_empty() {
                            self.add(Severity::Warning, place, "a report without text");
                        }
                    }
                }
            }
        }
    }

    fn series(&mut self, record: &Record) {
        for (section, labels) in &record.patient.series {
            for (label, entries) in labels {
                let mut last = None;
                for (i, entry) in entries.iter().enumerate() {
                    let place = format!("{section}.{label}[{i}]");
                    let time = self.date(&place, &entry.time);
                    if time.is_some() && time < last {
                        self.add(Severity::Error, place.as_str(), "not in time order");
                    }
                    last = time.or(last);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(patient: serde_json::Value) -> Vec<(Severity, String)> {
        let record = json!({"subject_id": 1, "hadm_id": 2, "Patient": patient});
        let record: Record = serde_json::from_value(record).unwrap();
        check_record(Path::new("2.json"), &record)
            .into_iter()
            .map(|finding| (finding.severity, finding.place))
            .collect()
    }

    #[test]
    fn a_sound_record_has_no_findings() {
        let sound = json!({
            "Demographics": {"age": 40},
            "Admission_info": {"admission_time": "2149-03-01 10:00:00"},
            "Diagnoses": [{"icd9_code": "4019", "short_title": "Hypertension NOS"}],
        });
        assert_eq!(found(sound), []);
    }

    #[test]
    fn wrong_dates_codes_and_orders_are_found_with_their_place() {
        let wrong = json!({
            "Demographics": {"age": 300},
            "Admission_info": {"admission_time": "01/03/2149"},
            "Medications": [{"drug": "x", "start": "2149-03-02", "end": "2149-03-01"}],
            "Procedure": [{"icd9_code": "9"}],
            "ECG": [[]],
            "Chemistry": {"Sodium": [["2149-03-02", "1"], ["2149-03-01", "2"]]},
            "Diagnoses": [{"icd9_code": "4281x"}, {"icd9_code": "486"}],
        });
        let place = |severity, place: &str| (severity, place.to_owned());
        assert_eq!(
            found(wrong),
            [
                place(Severity::Error, "Demographics.age"),
                place(Severity::Error, "Admission_info.admission_time"),
                place(Severity::Error, "Diagnoses[0].icd9_code"),
                place(Severity::Warning, "Diagnoses[1].icd9_code"),
                place(Severity::Error, "Procedure[0].icd9_code"),
                place(Severity::Warning, "Medications[0].end"),
                place(Severity::Error, "ECG[0]"),
                place(Severity::Error, "Chemistry.Sodium[1]"),
            ]
        );
    }

    #[test]
    fn a_record_without_diagnoses_is_a_warning() {
        let place = |place: &str| (Severity::Warning, place.to_owned());
        assert_eq!(
            found(json!({})),
            [
                place("Demographics.age"),
                place("Admission_info.admission_time"),
                place("Diagnoses")
            ]
        );
    }
}
