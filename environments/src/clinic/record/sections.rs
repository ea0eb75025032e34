//! How the sections of a record stand in a file.
//!
//! A section that has no name in the schema is a series when it is an object of lists of
//! `[time, value, …]` arrays with at least one measurement; else it is kept as it is.
//!
//! # Source
//! DynamiCare card, section 2.3.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use super::schema::{Measurement, PatientRecord};
use super::timestamp::Timestamp;

const DEMOGRAPHICS: &str = "Demographics";
const ADMISSION: &str = "Admission_info";
const PROCEDURE: &str = "Procedure";
const MEDICATIONS: &str = "Medications";
const ECG: &str = "ECG";
const ECHO: &str = "Echo";
const RADIOLOGY: &str = "Radiology";
const DIAGNOSES: &str = "Diagnoses";

const NAMED: [&str; 8] = [
    DEMOGRAPHICS,
    ADMISSION,
    PROCEDURE,
    MEDICATIONS,
    ECG,
    ECHO,
    RADIOLOGY,
    DIAGNOSES,
];

/// True for a section with a field of its own in [`PatientRecord`]; a series may not take such
/// a name.
pub fn is_named_section(name: &str) -> bool {
    NAMED.contains(&name)
}

impl Serialize for PatientRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry(DEMOGRAPHICS, &self.demographics)?;
        map.serialize_entry(ADMISSION, &self.admission)?;
        for (name, section) in &self.text {
            map.serialize_entry(name, section)?;
        }
        if !self.procedures.is_empty() {
            map.serialize_entry(PROCEDURE, &self.procedures)?;
        }
        if !self.prescriptions.is_empty() {
            map.serialize_entry(MEDICATIONS, &self.prescriptions)?;
        }
        for (name, reports) in [
            (ECG, &self.ecg),
            (ECHO, &self.echo),
            (RADIOLOGY, &self.radiology),
        ] {
            if !reports.is_empty() {
                map.serialize_entry(name, reports)?;
            }
        }
        for (name, series) in &self.series {
            map.serialize_entry(name, series)?;
        }
        if !self.diagnoses.is_empty() {
            map.serialize_entry(DIAGNOSES, &self.diagnoses)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for PatientRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PatientVisitor)
    }
}

struct PatientVisitor;

impl<'de> Visitor<'de> for PatientVisitor {
    type Value = PatientRecord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the sections of a patient record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PatientRecord, A::Error> {
        let mut patient = PatientRecord::default();
        while let Some(name) = map.next_key::<String>()? {
            match name.as_str() {
                DEMOGRAPHICS => patient.demographics = map.next_value()?,
                ADMISSION => patient.admission = map.next_value()?,
                PROCEDURE => patient.procedures = map.next_value()?,
                MEDICATIONS => patient.prescriptions = map.next_value()?,
                ECG => patient.ecg = map.next_value()?,
                ECHO => patient.echo = map.next_value()?,
                RADIOLOGY => patient.radiology = map.next_value()?,
                DIAGNOSES => patient.diagnoses = map.next_value()?,
                _ => {
                    let value: Value = map.next_value()?;
                    if is_series(&value) {
                        let series = read_series(&name, value).map_err(A::Error::custom)?;
                        patient.series.insert(name, series);
                    } else {
                        patient.text.insert(name, value);
                    }
                }
            }
        }
        Ok(patient)
    }
}

/// An object of lists whose entries are all arrays that start with a time, at least one in all.
fn is_series(value: &Value) -> bool {
    let Value::Object(labels) = value else {
        return false;
    };
    let mut measurements = 0;
    for entries in labels.values() {
        let Value::Array(entries) = entries else {
            return false;
        };
        for entry in entries {
            let time = entry.as_array().and_then(|parts| parts.first());
            let dated = time
                .and_then(Value::as_str)
                .is_some_and(|time| Timestamp::parse(time.as_bytes()).is_some());
            if !dated {
                return false;
            }
            measurements += 1;
        }
    }
    measurements > 0
}

fn read_series(section: &str, value: Value) -> Result<BTreeMap<String, Vec<Measurement>>, String> {
    let labels: Map<String, Value> =
        serde_json::from_value(value).map_err(|error| error.to_string())?;
    labels
        .into_iter()
        .map(|(label, entries)| {
            let entries: Vec<Measurement> = serde_json::from_value(entries)
                .map_err(|error| format!("section {section}, label {label}: {error}"))?;
            Ok((label, entries))
        })
        .collect()
}

impl Measurement {
    /// A measurement whose number, if any, is the one that its text shows.
    pub fn new(time: String, value: String, unit: Option<String>, flag: Option<String>) -> Self {
        let number = shown_number(&value);
        Self {
            time,
            value,
            number,
            unit,
            flag,
        }
    }
}

/// The number that a value's text shows, if it is one as a whole.
fn shown_number(value: &str) -> Option<f64> {
    value
        .trim()
        .parse()
        .ok()
        .filter(|number: &f64| number.is_finite())
}

impl Serialize for Measurement {
    /// `[time, value]`, then unit and flag as far as they are needed; a fifth element holds the
    /// number only where the text does not show it.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let differs = self.number != shown_number(&self.value);
        let length = if differs {
            5
        } else if self.flag.is_some() {
            4
        } else if self.unit.is_some() {
            3
        } else {
            2
        };
        let mut parts = serializer.serialize_seq(Some(length))?;
        parts.serialize_element(&self.time)?;
        parts.serialize_element(&self.value)?;
        if length > 2 {
            parts.serialize_element(&self.unit)?;
        }
        if length > 3 {
            parts.serialize_element(&self.flag)?;
        }
        if length > 4 {
            parts.serialize_element(&self.number)?;
        }
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Measurement {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(MeasurementVisitor)
    }
}

struct MeasurementVisitor;

impl<'de> Visitor<'de> for MeasurementVisitor {
    type Value = Measurement;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a measurement [time, value, unit, flag] of 2 to 5 elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Measurement, A::Error> {
        let time: String = parts
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(0, &self))?;
        let value: Value = parts
            .next_element()?
            .ok_or_else(|| A::Error::invalid_length(1, &self))?;
        let value = scalar_text(value).map_err(A::Error::custom)?;
        let unit = parts.next_element::<Option<String>>()?.flatten();
        let flag = parts.next_element::<Option<String>>()?.flatten();
        let mut measurement = Measurement::new(time, value, unit, flag);
        if let Some(number) = parts.next_element::<Option<f64>>()? {
            measurement.number = number;
            if parts.next_element::<Value>()?.is_some() {
                return Err(A::Error::invalid_length(6, &self));
            }
        }
        Ok(measurement)
    }
}

fn scalar_text(value: Value) -> Result<String, String> {
    match value {
        Value::Null => Ok(String::new()),
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(truth) => Ok(truth.to_string()),
        other => Err(format!(
            "the value of a measurement is text or a number, got {other}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_are_told_apart_and_come_back_the_same() {
        let source = json!({
            "Demographics": {"age": 64},
            "Admission_info": {},
            "Allergies": "Penicillin",
            "Physical Exam": {"Admission": {"HEENT": "clear"}},
            "Lists": {"a": []},
            "Chemistry": {"Sodium": [["2149-03-01 11:00:00", 88], ["2149-03-01", "<5", null, "abnormal"]],
                          "Empty": []}
        });
        let patient: PatientRecord = serde_json::from_value(source).unwrap();
        let sodium = &patient.series["Chemistry"]["Sodium"];
        assert_eq!(
            (sodium[0].value.as_str(), sodium[0].number),
            ("88", Some(88.0))
        );
        assert_eq!(
            (sodium[1].number, sodium[1].flag.as_deref()),
            (None, Some("abnormal"))
        );
        assert!(patient.text.contains_key("Lists"));
        let text = serde_json::to_string(&patient).unwrap();
        assert_eq!(
            serde_json::from_str::<PatientRecord>(&text).unwrap(),
            patient
        );
    }

    #[test]
    fn a_number_that_the_text_does_not_show_is_kept() {
        let mut odd = Measurement::new("2149-03-01".into(), "<5".into(), None, None);
        odd.number = Some(5.0);
        let text = serde_json::to_string(&odd).unwrap();
        assert_eq!(serde_json::from_str::<Measurement>(&text).unwrap(), odd);
    }
}
