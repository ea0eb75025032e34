//! What a user chooses for an import, and what the import tells on its way.

use serde::{Deserialize, Serialize};

use super::error::ImportError;

/// Options of an import; the defaults are the rules of the published cohort.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ImportOptions {
    /// Most diagnoses of a subject (over all admissions) and of an admission, inclusive.
    pub max_diagnoses: u32,
    /// Leave out admissions of type NEWBORN.
    pub exclude_newborn: bool,
    /// Leave out admissions that ended in death.
    pub exclude_died: bool,
    /// Leave out admissions without chart events.
    pub require_chartevents: bool,
    /// Keep only admissions with a discharge summary, and of these only those of subjects with
    /// exactly one; applied only when NOTEEVENTS has rows.
    pub single_note: bool,
    /// Size of a random sample of the cohort; all of it when `None`.
    pub sample: Option<usize>,
    /// Seed of the sample.
    pub seed: u64,
    /// The user states that the source is open data; without it, only the open demo is taken
    /// as such.
    pub open: bool,
}

impl Default for ImportOptions {
    fn default() -> Self {
        Self {
            max_diagnoses: 4,
            exclude_newborn: true,
            exclude_died: true,
            require_chartevents: true,
            single_note: true,
            sample: None,
            seed: 42,
            open: false,
        }
    }
}

impl ImportOptions {
    /// Checks the values.
    ///
    /// # Errors
    /// [`ImportError::Option`] for a limit or a sample of 0.
    pub fn validate(&self) -> Result<(), ImportError> {
        let wrong = |name| ImportError::Option {
            name,
            got: "0".to_owned(),
            expected: "at least 1",
        };
        if self.max_diagnoses == 0 {
            return Err(wrong("max_diagnoses"));
        }
        if self.sample == Some(0) {
            return Err(wrong("sample"));
        }
        Ok(())
    }
}

/// How far the reading of a table has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Name of the table.
    pub table: &'a str,
    /// Rows read.
    pub rows: u64,
    /// Bytes of the file read, as it lies on disk.
    pub bytes: u64,
    /// Length of the file in bytes.
    pub total_bytes: u64,
}
