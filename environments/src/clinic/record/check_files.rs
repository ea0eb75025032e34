//! Checks of the files of a set of records for `rounds data check`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::check::{Finding, Severity, check_record};
use super::schema::Record;
use super::set::{MANIFEST_FILE, RECORD_SCHEMA, RecordError, read_manifest, record_files};

/// Checks every record of a folder, or a single file, in the order of the file names.
///
/// A file that cannot be read as a record is a finding of its own, and so are a manifest that
/// cannot be read and an admission that stands in two files.
///
/// # Errors
/// [`RecordError`] when the path is not there, or is a folder that cannot be listed or holds no
/// record.
pub fn check_path(path: &Path) -> Result<Vec<Finding>, RecordError> {
    let mut findings = Vec::new();
    let files = if path.is_dir() {
        if let Err(reason) = read_manifest(path) {
            findings.push(unreadable(&path.join(MANIFEST_FILE), &reason));
        }
        record_files(path)?
    } else {
        std::fs::metadata(path).map_err(|source| RecordError::Read {
            path: path.to_owned(),
            source,
        })?;
        vec![path.to_owned()]
    };
    if files.is_empty() {
        return Err(RecordError::Empty {
            path: path.to_owned(),
        });
    }
    let mut seen: BTreeMap<u64, PathBuf> = BTreeMap::new();
    for file in files {
        match Record::load(&file) {
            Err(reason) => findings.push(unreadable(&file, &reason)),
            Ok(record) => {
                findings.extend(check_record(&file, &record));
                match seen.get(&record.hadm_id) {
                    Some(first) if record.hadm_id != 0 => {
                        let text = format!("stands in {} as well", first.display());
                        findings.push(Finding {
                            file: file.clone(),
                            place: "hadm_id".to_owned(),
                            severity: Severity::Error,
                            text,
                        });
                    }
                    _ => {
                        seen.insert(record.hadm_id, file.clone());
                    }
                }
            }
        }
    }
    Ok(findings)
}

/// The finding for a file that is no record or no manifest.
fn unreadable(file: &Path, reason: &RecordError) -> Finding {
    let (place, text) = match reason {
        RecordError::Read { source, .. } => {
            ("file".to_owned(), format!("cannot be read: {source}"))
        }
        RecordError::Parse {
            line,
            column,
            message,
            ..
        } => (format!("line {line}, column {column}"), message.clone()),
        RecordError::Schema { found, .. } => (
            "schema".to_owned(),
            format!("is `{found}`, expected `{RECORD_SCHEMA}`"),
        ),
        other => ("file".to_owned(), other.to_string()),
    };
    Finding {
        file: file.to_owned(),
        place,
        severity: Severity::Error,
        text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_checked_with_its_unreadable_and_double_files() {
        let folder = tempfile::tempdir().unwrap();
        assert!(check_path(folder.path()).is_err());
        for (name, text) in [
            ("a.json", r#"{"hadm_id": 5}"#),
            ("b.json", r#"{"hadm_id": 5}"#),
            ("c.json", "{"),
            ("manifest.json", "{}"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let findings = check_path(folder.path()).unwrap();
        let errors: Vec<&str> = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error)
            .map(|finding| finding.place.as_str())
            .collect();
        assert_eq!(errors, ["hadm_id", "line 1, column 1"]);
    }
}
