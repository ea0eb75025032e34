//! Verdicts of the checks of an evaluation, by visit.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use rounds_environments::text::json_fault;
use serde::Deserialize;

use crate::clinic::cases::CheckResult;
use crate::run::RunError;

/// File of an evaluation with one line a visit.
const LINES: &str = "evaluation.jsonl";

/// What is read of a line.
#[derive(Deserialize)]
struct Line {
    arm: String,
    seed: u64,
    episode: u32,
    checks: Vec<CheckResult>,
}

/// The verdicts of one arm.
#[derive(Debug, Default)]
pub(super) struct Checks(BTreeMap<(u64, u32), Vec<CheckResult>>);

impl Checks {
    /// Reads the verdicts of `arm`; a run that is no evaluation has none.
    ///
    /// # Errors
    /// [`RunError`] when the file is there and cannot be read.
    pub(super) fn read(folder: &Path, arm: &str) -> Result<Self, RunError> {
        let path = folder.join(LINES);
        let mut checks = Self::default();
        if !path.exists() {
            return Ok(checks);
        }
        let file = File::open(&path).map_err(RunError::file(&path, "cannot be read"))?;
        for (number, line) in (1..).zip(BufReader::new(file).lines()) {
            let line = line.map_err(RunError::file(&path, "cannot be read"))?;
            let line: Line = serde_json::from_str(&line).map_err(|error| RunError::Damaged {
                path: path.clone(),
                line: Some(number),
                why: json_fault(&error),
            })?;
            if line.arm == arm {
                checks.0.insert((line.seed, line.episode), line.checks);
            }
        }
        Ok(checks)
    }

    /// The checks of a visit.
    pub(super) fn of(&self, seed: u64, episode: u32) -> Option<&[CheckResult]> {
        self.0.get(&(seed, episode)).map(Vec::as_slice)
    }
}
