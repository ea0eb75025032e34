//! The results of all checks, and their table.

use std::fmt;

use super::finding::{Check, Finding};
use crate::report::write_columns;

/// Findings that the table shows of each check.
const SHOWN: usize = 3;

/// What one check found.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckResult {
    /// The check.
    pub check: Check,
    /// What was tried, in words.
    pub tried: String,
    /// What is wrong; empty where the promise holds.
    pub findings: Vec<Finding>,
}

/// What all checks found.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Checked {
    /// Name of what was checked.
    pub name: String,
    /// One result a check.
    pub results: Vec<CheckResult>,
}

impl Checked {
    /// Whether every promise holds.
    pub fn passed(&self) -> bool {
        self.results.iter().all(|result| result.findings.is_empty())
    }

    /// What is wrong with one promise.
    pub fn findings(&self, check: Check) -> &[Finding] {
        let result = self.results.iter().find(|result| result.check == check);
        result.map_or(&[], |result| &result.findings)
    }

    /// The promises that are broken.
    pub fn broken(&self) -> Vec<Check> {
        let broken = self.results.iter().filter(|r| !r.findings.is_empty());
        broken.map(|result| result.check).collect()
    }

    pub(super) fn put(&mut self, check: Check, tried: impl Into<String>, findings: Vec<Finding>) {
        self.results.push(CheckResult {
            check,
            tried: tried.into(),
            findings,
        });
    }
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = format!("checks of {}\n", self.name);
        let rows: Vec<Vec<String>> = self
            .results
            .iter()
            .map(|result| {
                let said = match result.findings.len() {
                    0 => "holds".to_owned(),
                    1 => "BROKEN, 1 finding".to_owned(),
                    n => format!("BROKEN, {n} findings"),
                };
                vec![result.check.name().to_owned(), result.tried.clone(), said]
            })
            .collect();
        write_columns(&mut out, &rows);
        for result in &self.results {
            for finding in result.findings.iter().take(SHOWN) {
                out.push_str(&format!("  {}: {finding}\n", result.check.name()));
            }
        }
        f.write_str(&out)
    }
}
