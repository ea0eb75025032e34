//! `suite.json` of an evaluation: what its suite asks for beyond the scenario, so that the stored
//! runs can be scored again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clinic::cases::CaseBook;
use crate::run::{RunError, pretty, read_json, write_whole};
use crate::schema::AtLeast;

/// Name of the file.
const FILE: &str = "suite.json";
/// Folder of the cases as they were played.
const CASES: &str = "cases";

/// What a suite asks for beyond its scenario.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SuiteFile {
    /// `rounds.suite-run/1`.
    pub schema: String,
    /// Bounds of metrics, by name.
    pub thresholds: BTreeMap<String, AtLeast>,
    /// The first arms are those of the suite; the others play its cases otherwise.
    pub base_arms: usize,
}

impl SuiteFile {
    /// The description of a suite.
    pub fn new(thresholds: BTreeMap<String, AtLeast>, base_arms: usize) -> Self {
        Self {
            schema: "rounds.suite-run/1".to_owned(),
            thresholds,
            base_arms,
        }
    }

    /// Reads that of the evaluation in `folder`; `None` when it holds none.
    ///
    /// # Errors
    /// [`RunError`] when the file cannot be read.
    pub fn read(folder: &Path) -> Result<Option<Self>, RunError> {
        let file = folder.join(FILE);
        if file.exists() {
            read_json(&file).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Writes it into `folder`, and the cases beside it.
    ///
    /// # Errors
    /// [`RunError::File`] when the disk is full or gone.
    pub fn write(&self, folder: &Path, book: &CaseBook) -> Result<(), RunError> {
        let cases = folder.join(CASES);
        std::fs::create_dir_all(&cases)
            .map_err(RunError::file(&cases, "the folder cannot be made"))?;
        for (number, case) in book.cases().iter().enumerate() {
            let file = cases.join(format!("{number:04}-{}.toml", case.spec.id));
            write_whole(&file, case.spec.text.as_bytes())?;
        }
        write_whole(&folder.join(FILE), &pretty(self))
    }
}

/// The cases that an evaluation was played with; `None` when `folder` holds no evaluation.
pub fn stored_cases(folder: &Path) -> Option<Vec<PathBuf>> {
    let entries = std::fs::read_dir(folder.join(CASES)).ok()?;
    let files = entries.filter_map(Result::ok).map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    (folder.join(FILE).exists() && !files.is_empty()).then_some(files)
}
