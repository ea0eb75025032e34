//! Bundles in a file or a folder as records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bundle::{Bundle, Fault};
use super::record::{count_ignored, record};
use super::visit::VisitRule;
use crate::clinic::naming::CodeNamer;
use crate::clinic::record::{CaseCounts, SetApart, read_source};
use crate::clinic::sources::{Gathered, SourceError};
use crate::text::json_fault;

const SYNTHEA_LICENCE: &str = "Synthetic patients generated with Synthea (MITRE), Apache License \
    2.0; keep this notice with copies of these records.";
const OPEN_BY_USER: &str = "Open data by the statement of the user; see the source for its terms.";
const RESTRICTED_LICENCE: &str = "Not known to be synthetic: taken as data of real people; do not \
    share these records or send them to third parties.";

/// Options of reading bundles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FhirOptions {
    /// Which encounter is the visit.
    pub visit: VisitRule,
    /// Endings of the names of conditions that are no diseases.
    pub not_disease: Vec<String>,
    /// Bundles that cannot be read are skipped and counted; by default they are an error.
    pub skip_bad: bool,
    /// The user states that the source is open data; without it, only bundles that say that
    /// Synthea made them are taken as such.
    pub open: bool,
}

impl Default for FhirOptions {
    fn default() -> Self {
        Self {
            visit: VisitRule::default(),
            not_disease: vec!["(finding)".to_owned(), "(situation)".to_owned()],
            skip_bad: false,
            open: false,
        }
    }
}

/// Reads the bundles of a file or a folder (`.json`, gzipped or plain): one record a patient.
///
/// # Errors
/// [`SourceError`] with the file and the place in it; a folder without bundles.
pub fn read(
    path: &Path,
    namer: &CodeNamer,
    options: &FhirOptions,
) -> Result<Gathered, SourceError> {
    let mut gathered = Gathered {
        records: Vec::new(),
        kind: "fhir".to_owned(),
        restricted: false,
        licence: String::new(),
        parameters: serde_json::to_value(options).unwrap_or_default(),
        counts: CaseCounts::default(),
        files: BTreeMap::new(),
        warnings: Vec::new(),
    };
    let mut synthetic = true;
    for file in bundle_files(path)? {
        let name = file
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let (text, source) = match read_source(&file) {
            Ok(read) => read,
            Err(reason) if options.skip_bad => {
                skip(&mut gathered.counts, &name, reason.to_string());
                continue;
            }
            Err(source) => return Err(SourceError::Read { path: file, source }),
        };
        gathered.files.insert(name.clone(), source);
        match read_bundle(&text, &name, namer, options, &mut gathered) {
            Ok(()) => {
                let lower = text.to_lowercase();
                synthetic &= lower.contains("synthea") || lower.contains("synthetichealth");
            }
            Err(Fault { place, message }) if options.skip_bad => {
                skip(&mut gathered.counts, &name, format!("{place}: {message}"));
            }
            Err(Fault { place, message }) => {
                return Err(SourceError::Place {
                    path: file,
                    place,
                    message,
                });
            }
        }
    }
    let counts = &mut gathered.counts;
    counts.written = gathered.records.len() as u64;
    if gathered.records.is_empty() {
        let first = counts.skipped.first();
        let why = first.map_or_else(String::new, |s| format!("; {}: {}", s.place, s.reason));
        return Err(SourceError::Nothing {
            path: path.to_owned(),
            message: format!("none of {} bundles gives a record{why}", counts.read),
        });
    }
    gathered.restricted = !(synthetic || options.open);
    gathered.licence = match (synthetic, options.open) {
        (true, _) => SYNTHEA_LICENCE,
        (false, true) => OPEN_BY_USER,
        (false, false) => RESTRICTED_LICENCE,
    }
    .to_owned();
    Ok(gathered)
}

fn skip(counts: &mut CaseCounts, place: &str, reason: String) {
    counts.read += 1;
    counts.skipped.push(SetApart {
        place: place.to_owned(),
        reason,
    });
}

/// Adds the records of one bundle; nothing of it is kept on a fault.
fn read_bundle(
    text: &str,
    file: &str,
    namer: &CodeNamer,
    options: &FhirOptions,
    gathered: &mut Gathered,
) -> Result<(), Fault> {
    let document: Value =
        serde_json::from_str(text.trim_start_matches('\u{feff}')).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            let cases = text
                .lines()
                .next()
                .is_some_and(|line| line.contains("\"OSCE_Examination\""));
            let hint = if cases {
                "; AgentClinic cases are read by `rounds data import agentclinic`"
            } else {
                ""
            };
            Fault::new(place, format!("{}{hint}", json_fault(&error)))
        })?;
    let bundle = Bundle::new(&document)?;
    let mut counts = gathered.counts.clone();
    let mut records = Vec::new();
    let mut patients = 0;
    for (at, _) in bundle.of("Patient") {
        patients += 1;
        let mut after = counts.clone();
        match record(&bundle, at, file, namer, options, &mut after)? {
            Ok(record) => {
                let mut known = gathered.records.iter().chain(&records);
                if known.any(|other| other.hadm_id == record.hadm_id) {
                    let reason = "the same visit of the same patient was read before";
                    skip(&mut counts, file, reason.to_owned());
                    continue;
                }
                after.read += 1;
                counts = after;
                records.push(record);
            }
            Err(reason) => skip(&mut counts, file, reason),
        }
    }
    if patients == 0 {
        skip(&mut counts, file, "the bundle holds no Patient".to_owned());
    }
    count_ignored(&bundle, &mut counts);
    gathered.counts = counts;
    gathered.records.extend(records);
    Ok(())
}

/// The file itself, or the `.json` and `.json.gz` files of a folder by name.
fn bundle_files(path: &Path) -> Result<Vec<PathBuf>, SourceError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let failed = |source| SourceError::Read {
        path: path.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = file
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().to_lowercase());
        if file.is_file() && (name.ends_with(".json") || name.ends_with(".json.gz")) {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        return Err(SourceError::Nothing {
            path: path.to_owned(),
            message: "the folder holds no bundle, expected files *.json or *.json.gz".to_owned(),
        });
    }
    Ok(files)
}

#[cfg(test)]
mod tests;
