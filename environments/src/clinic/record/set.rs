//! Reading records from files and folders.

use std::fs;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::check::{Finding, wrong_date};
use super::manifest::Manifest;
use super::schema::Record;
use crate::text::{json_fault, read_text};

/// Name of the manifest in a folder of records.
pub const MANIFEST_FILE: &str = "manifest.json";

/// Schema name of a record file.
pub const RECORD_SCHEMA: &str = "rounds.record/1";

/// Why records could not be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{}: line {line}, column {column}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What was expected and found.
        message: String,
    },
    /// The folder holds no record.
    #[error("{} holds no record: expected at least one *.json besides {MANIFEST_FILE}", path.display())]
    Empty {
        /// The folder.
        path: PathBuf,
    },
    /// The schema of a file is not one that this program reads.
    #[error("{}: schema is `{found}`, expected `{RECORD_SCHEMA}`", path.display())]
    Schema {
        /// The file.
        path: PathBuf,
        /// The schema found.
        found: String,
    },
    /// A record holds a time that is none, so that its entries cannot be placed.
    #[error("{}: {}: {}", .0.file.display(), .0.place, .0.text)]
    Date(Box<Finding>),
    /// Two files hold the same admission.
    #[error("admission {hadm_id} stands in {} and in {}", first.display(), second.display())]
    Twice {
        /// The admission.
        hadm_id: u64,
        /// One file.
        first: PathBuf,
        /// The other file.
        second: PathBuf,
    },
}

/// A set of records and what is known of its origin.
#[derive(Debug, Clone, PartialEq)]
pub struct RecordSet {
    /// The records, by rising admission number.
    pub records: Vec<Record>,
    /// The manifest, where there is one.
    pub manifest: Option<Manifest>,
    /// The records may not leave this machine; true without a manifest that says otherwise.
    pub restricted: bool,
}

impl Record {
    /// Reads one record file.
    ///
    /// # Errors
    /// [`RecordError::Read`], [`RecordError::Parse`] with file, line and column, or
    /// [`RecordError::Schema`] when the file names another schema. A file without a schema is
    /// read as the present one.
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let record: Self = read_json(path)?;
        if record.schema.is_empty() || record.schema == RECORD_SCHEMA {
            return Ok(record);
        }
        Err(RecordError::Schema {
            path: path.to_owned(),
            found: record.schema,
        })
    }
}

impl RecordSet {
    /// Reads every `*.json` of a folder besides the manifest, or a single record file.
    ///
    /// # Errors
    /// As [`Record::load`]; [`RecordError::Date`] for a time that is none;
    /// [`RecordError::Empty`] for a folder without records;
    /// [`RecordError::Twice`] when two files hold the same admission (0 stands for "not known").
    pub fn load(path: &Path) -> Result<Self, RecordError> {
        let (files, folder) = if path.is_dir() {
            (record_files(path)?, path)
        } else {
            (
                vec![path.to_owned()],
                path.parent().unwrap_or_else(|| Path::new(".")),
            )
        };
        if files.is_empty() {
            return Err(RecordError::Empty {
                path: path.to_owned(),
            });
        }
        let mut loaded = Vec::with_capacity(files.len());
        for file in files {
            let record = Record::load(&file)?;
            if let Some(finding) = wrong_date(&file, &record) {
                return Err(RecordError::Date(Box::new(finding)));
            }
            loaded.push((record, file));
        }
        loaded.sort_by_key(|(record, _)| record.hadm_id);
        for pair in loaded.windows(2) {
            if let [(a, first), (b, second)] = pair
                && a.hadm_id == b.hadm_id
                && a.hadm_id != 0
            {
                return Err(RecordError::Twice {
                    hadm_id: a.hadm_id,
                    first: first.clone(),
                    second: second.clone(),
                });
            }
        }
        let manifest = read_manifest(folder)?;
        Ok(Self {
            records: loaded.into_iter().map(|(record, _)| record).collect(),
            restricted: manifest.as_ref().is_none_or(|known| known.restricted),
            manifest,
        })
    }
}

/// The record files of a folder, by name.
pub(super) fn record_files(folder: &Path) -> Result<Vec<PathBuf>, RecordError> {
    let failed = |source| RecordError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let json = path
            .extension()
            .is_some_and(|extension| extension == "json");
        let manifest = path.file_name().is_some_and(|name| name == MANIFEST_FILE);
        if json && !manifest && path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The manifest of a folder, where there is one.
pub(super) fn read_manifest(folder: &Path) -> Result<Option<Manifest>, RecordError> {
    let file = folder.join(MANIFEST_FILE);
    file.is_file().then(|| read_json(&file)).transpose()
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, RecordError> {
    let text = read_text(path).map_err(|source| RecordError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|error| RecordError::Parse {
        path: path.to_owned(),
        line: error.line(),
        column: error.column(),
        message: json_fault(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_sorted_by_admission_and_the_manifest_is_no_record() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            RecordSet::load(folder.path()),
            Err(RecordError::Empty { .. })
        ));
        fs::write(folder.path().join("a.json"), r#"{"hadm_id": 9}"#).unwrap();
        fs::write(folder.path().join("b.json"), r#"{"hadm_id": 3}"#).unwrap();
        let set = RecordSet::load(folder.path()).unwrap();
        assert!(set.restricted && set.manifest.is_none());
        fs::write(
            folder.path().join(MANIFEST_FILE),
            r#"{"restricted": false}"#,
        )
        .unwrap();
        let set = RecordSet::load(folder.path()).unwrap();
        let ids: Vec<u64> = set.records.iter().map(|record| record.hadm_id).collect();
        assert_eq!((ids, set.restricted), (vec![3, 9], false));
        let one = RecordSet::load(&folder.path().join("a.json")).unwrap();
        assert_eq!((one.records.len(), one.restricted), (1, false));
        fs::write(folder.path().join("c.json"), r#"{"hadm_id": 3}"#).unwrap();
        assert!(matches!(
            RecordSet::load(folder.path()),
            Err(RecordError::Twice { hadm_id: 3, .. })
        ));
    }

    #[test]
    fn a_time_that_is_none_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.json");
        let text = r#"{"Patient": {"Admission_info": {"admission_time": "yesterday"}}}"#;
        fs::write(&file, text).unwrap();
        let error = RecordSet::load(folder.path()).unwrap_err().to_string();
        let expected = "a.json: Admission_info.admission_time: `yesterday` is not a date";
        assert!(error.contains(expected), "{error}");
    }

    #[test]
    fn an_error_names_file_line_and_column() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("bad.json");
        fs::write(&file, "{\n \"hadm_id\": \"x\"}").unwrap();
        let text = Record::load(&file).unwrap_err().to_string();
        assert!(text.contains("bad.json: line 2, column "), "{text}");
        fs::write(&file, r#"{"Diagnoses": []}"#).unwrap();
        let text = Record::load(&file).unwrap_err().to_string();
        assert!(text.contains("unknown field `Diagnoses`"), "{text}");
        fs::write(&file, r#"{"schema": "other/1"}"#).unwrap();
        assert!(matches!(
            Record::load(&file),
            Err(RecordError::Schema { .. })
        ));
    }
}
