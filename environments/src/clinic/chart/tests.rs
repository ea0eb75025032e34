//! What the tests of the chart share: golden files and records in the published shape.

use serde_json::Value;

use crate::clinic::record::{Measurement, PatientRecord};

/// Says how many cases of a golden file were read; none at all is a failure.
#[expect(clippy::print_stdout, reason = "golden tests say what they read")]
pub(crate) fn say_read(file: &str, cases: usize) {
    println!("{file}: {cases} cases read");
    assert!(cases > 0, "{file} has no cases");
}

/// The golden file of this name; `None` when another folder was named that does not have it.
#[expect(clippy::print_stdout, reason = "a skipped golden file is said")]
pub(crate) fn golden(file: &str) -> Option<Value> {
    let folder = std::env::var("ROUNDS_GOLDEN");
    let path = match &folder {
        Ok(folder) => format!("{folder}/dynamicare/{file}"),
        Err(_) => format!(
            "{}/../tests/golden/dynamicare/{file}",
            env!("CARGO_MANIFEST_DIR")
        ),
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).unwrap()),
        Err(_) if folder.is_ok() => {
            println!("skipped: {path} is not there");
            None
        }
        Err(why) => panic!("{path}: {why}"),
    }
}

/// A record from the published shape, where series stand beside the other sections.
pub(crate) fn patient_from(published: &Value) -> PatientRecord {
    let mut plain = published.clone();
    let sections = plain.as_object_mut().unwrap();
    let series: Vec<String> = sections
        .iter()
        .filter(|(_, section)| {
            section
                .as_object()
                .is_some_and(|labels| !labels.is_empty() && labels.values().all(Value::is_array))
        })
        .map(|(name, _)| name.clone())
        .collect();
    let moved: Vec<(String, Value)> = series
        .into_iter()
        .filter_map(|name| sections.remove(&name).map(|section| (name, section)))
        .collect();
    let mut record: PatientRecord = serde_json::from_value(plain).unwrap();
    for (name, section) in moved {
        let labels = section.as_object().unwrap().iter().map(|(label, entries)| {
            let entries = entries.as_array().unwrap().iter().map(measurement);
            (label.clone(), entries.collect())
        });
        record.series.insert(name, labels.collect());
    }
    record
}

fn measurement(entry: &Value) -> Measurement {
    let part = |i: usize| entry.get(i).and_then(Value::as_str).map(str::to_owned);
    let value = part(1).unwrap_or_default();
    Measurement {
        time: part(0).unwrap_or_default(),
        number: value.parse().ok(),
        value,
        unit: part(2),
        flag: part(3),
    }
}
