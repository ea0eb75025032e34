//! A case file as records.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::case::{Case, Fault, kind};
use super::{medqa, nejm};
use crate::clinic::naming::CodeNamer;
use crate::clinic::record::{
    CaseCounts, EXAMINATIONS, RECORD_SCHEMA, Record, Repeated, SetApart, TESTS, read_source,
};
use crate::clinic::sources::{Gathered, SourceError, identity, leaves};
use crate::text::json_fault;

const OPEN_LICENCE: &str = "AgentClinic-MedQA: MIT License, Copyright (c) 2024 Samuel Schmidgall; \
    keep this notice and the permission notice with copies of these records.";
const NEJM_LICENCE: &str = "AgentClinic-NEJM layout: the texts of the published file come from the \
    NEJM Image Challenge, whose publisher holds the rights; do not share these records.";
const OPEN_BY_USER: &str = "Open data by the statement of the user; see the source for its terms.";

/// Options of reading a case file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AgentClinicOptions {
    /// Cases that cannot be read are skipped and counted; by default they are an error.
    pub skip_bad: bool,
    /// The user states that the source is open data; without it, only the MedQA layout is taken
    /// as such.
    pub open: bool,
}

/// Reads a case file (`.jsonl`, gzipped or plain), one case a line, in either layout. A record has
/// the number of its line; cases of the same content are one subject.
///
/// # Errors
/// [`SourceError`] with file and line: a line that is no JSON object, a case without its
/// diagnosis, a file of another kind.
pub fn read(
    path: &Path,
    namer: &CodeNamer,
    options: AgentClinicOptions,
) -> Result<Gathered, SourceError> {
    let (text, mut file) = read_source(path).map_err(|source| SourceError::Read {
        path: path.to_owned(),
        source,
    })?;
    let text = text.trim_start_matches('\u{feff}');
    if let Some(message) = other_kind(path, text) {
        return Err(SourceError::Nothing {
            path: path.to_owned(),
            message,
        });
    }
    let mut counts = CaseCounts::default();
    let mut records: Vec<Record> = Vec::new();
    let mut first: BTreeMap<u64, u64> = BTreeMap::new();
    let mut nejm_cases = 0;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim().is_empty() {
            continue;
        }
        counts.read += 1;
        let (layout, case) = match read_case(line) {
            Ok(read) => read,
            Err(message) if options.skip_bad => {
                counts.skipped.push(SetApart {
                    place: format!("line {number}"),
                    reason: message,
                });
                continue;
            }
            Err(message) => {
                return Err(SourceError::Line {
                    path: path.to_owned(),
                    line: number,
                    message,
                });
            }
        };
        nejm_cases += u64::from(layout == Layout::Nejm);
        let subject = identity(&format!("{}\n{}", case.diagnosis, json!(case.patient)));
        match first.get(&subject) {
            Some(&earlier) => counts.repeated.push(Repeated {
                case: number,
                first: earlier,
            }),
            None => {
                first.insert(subject, number);
            }
        }
        records.push(record(case, subject, number, namer, &mut counts));
    }
    if records.is_empty() {
        return Err(SourceError::Nothing {
            path: path.to_owned(),
            message: match counts.read {
                0 => "the file holds no case, expected one JSON object a line".to_owned(),
                read => format!(
                    "none of {read} cases can be read: {}",
                    counts.skipped[0].reason
                ),
            },
        });
    }
    counts.written = records.len() as u64;
    file.rows = counts.read;
    let name = path
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let closed = nejm_cases > 0 && !options.open;
    Ok(Gathered {
        records,
        kind: "agentclinic".to_owned(),
        restricted: closed,
        licence: match (nejm_cases > 0, options.open) {
            (false, _) => OPEN_LICENCE,
            (true, false) => NEJM_LICENCE,
            (true, true) => OPEN_BY_USER,
        }
        .to_owned(),
        parameters: json!({"skip_bad": options.skip_bad, "open": options.open}),
        counts,
        files: BTreeMap::from([(name.unwrap_or_default(), file)]),
        warnings: Vec::new(),
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    MedQa,
    Nejm,
}

/// Reads one line; the message says where in the case the fault is.
fn read_case(line: &str) -> Result<(Layout, Case), String> {
    let value: Value = serde_json::from_str(line)
        .map_err(|error| format!("column {}: {}", error.column(), json_fault(&error)))?;
    let Value::Object(object) = &value else {
        return Err(format!("expected an object, got {}", kind(&value)));
    };
    let layout = layout_of(object)?;
    let case = match layout {
        Layout::MedQa => medqa::read(object),
        Layout::Nejm => nejm::read(object),
    };
    case.map(|case| (layout, case))
        .map_err(|Fault { place, message }| {
            if place.is_empty() {
                message
            } else {
                format!("{place}: {message}")
            }
        })
}

fn layout_of(object: &Map<String, Value>) -> Result<Layout, String> {
    if object.contains_key(medqa::KEY) {
        return Ok(Layout::MedQa);
    }
    if nejm::KEYS.iter().any(|key| object.contains_key(*key)) {
        return Ok(Layout::Nejm);
    }
    let keys: Vec<&str> = object.keys().map(String::as_str).collect();
    let bundle = object.get("resourceType").map_or(
        "",
        |_| "; a FHIR bundle is read by `rounds data import fhir`",
    );
    Err(format!(
        "expected a key `{}`, or `question` and `answers`, got {}{bundle}",
        medqa::KEY,
        keys.join(", ")
    ))
}

/// What a file of another kind is, and what reads it.
fn other_kind(path: &Path, text: &str) -> Option<String> {
    const EXPECTED: &str = "expected a case file, one JSON object a line";
    let start = text.trim_start();
    let ends = |suffix: &str| {
        let name = path.file_name().map(|n| n.to_string_lossy().to_lowercase());
        name.is_some_and(|name| name.ends_with(suffix))
    };
    if start.starts_with('{') && start.lines().next().is_some_and(|line| line.trim() == "{") {
        // An object over several lines is another document.
        let fhir = text.contains("\"resourceType\"");
        let hint = if fhir {
            "; this is a FHIR resource: rounds data import fhir reads bundles"
        } else {
            "; this is one JSON document over several lines"
        };
        return Some(format!("{EXPECTED}{hint}"));
    }
    if start.starts_with('[') {
        return Some(format!(
            "{EXPECTED}, got a JSON list; write each case on a line"
        ));
    }
    if !start.is_empty() && !start.starts_with('{') && (ends(".csv") || ends(".csv.gz")) {
        return Some(format!(
            "{EXPECTED}, got a CSV file; the tables of MIMIC-III are read by \
             `rounds data import mimic-iii FOLDER`"
        ));
    }
    None
}

fn record(
    case: Case,
    subject: u64,
    number: u64,
    namer: &CodeNamer,
    counts: &mut CaseCounts,
) -> Record {
    let mut patient = case.patient;
    let trees = [EXAMINATIONS, TESTS].iter();
    let kept = trees.filter_map(|section| patient.text.get(*section));
    counts.leaves += kept.map(|tree| leaves(tree).len() as u64).sum::<u64>();
    let diagnosis = namer.diagnosis(1, &case.diagnosis);
    if let Some(mapping) = &diagnosis.mapping {
        counts.names.add(&case.diagnosis, mapping);
    }
    patient.diagnoses = vec![diagnosis];
    Record {
        schema: RECORD_SCHEMA.to_owned(),
        subject_id: subject,
        hadm_id: number,
        patient,
    }
}

#[cfg(test)]
mod tests;
