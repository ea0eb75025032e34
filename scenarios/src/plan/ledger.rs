//! The ledger of an earlier run: what its calls took.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rounds_environments::text::json_fault;
use rounds_models::CallRecord;

use super::used::Sample;
use crate::run::{Manifest, RunDirectory, RunError, read_json, read_manifest};
use crate::statistics::Summary;

/// The calls of an earlier run.
#[derive(Debug)]
pub struct Ledger {
    /// Its run directory.
    pub run: PathBuf,
    /// What it was a run of.
    pub manifest: Manifest,
    /// What its calls took.
    pub sample: Sample,
    /// Seconds that the whole run took; `None` where that is not known of this arm alone.
    pub wall_s: Option<f64>,
}

impl Ledger {
    /// Reads the ledger of a finished run directory.
    ///
    /// # Errors
    /// [`RunError`] when it is not there or damaged.
    pub fn read(run: &Path) -> Result<Self, RunError> {
        let manifest = read_manifest(run)?;
        let path = run.join(RunDirectory::CALLS);
        if !path.exists() {
            return Err(RunError::NoRun {
                path: run.to_owned(),
                what: "ledger",
                why: format!(
                    "expected a file {}, which finished runs have that asked models",
                    RunDirectory::CALLS
                ),
            });
        }
        let file = File::open(&path).map_err(RunError::file(&path, "cannot be read"))?;
        let mut calls = Vec::new();
        for (number, line) in (1..).zip(BufReader::new(file).lines()) {
            let line = line.map_err(RunError::file(&path, "cannot be read"))?;
            calls.push(
                CallRecord::from_line(&line).map_err(|error| RunError::Damaged {
                    path: path.clone(),
                    line: Some(number),
                    why: json_fault(&error),
                })?,
            );
        }
        let episodes = manifest.episodes as usize;
        let summary: Option<Summary> = read_json(&run.join("summary.json")).ok();
        let wall_s = summary.map(|summary| summary.timing.wall_s);
        Ok(Self {
            run: run.to_owned(),
            wall_s: wall_s.filter(|seconds| *seconds > 0.0),
            sample: Sample::of(calls, episodes, None),
            manifest,
        })
    }

    /// The run directory of an arm in a run or bench; `None` where it has none with a ledger.
    pub fn of_arm(folder: &Path, arm: &str) -> Option<PathBuf> {
        let of = |path: PathBuf| {
            let fits = path.join(RunDirectory::CALLS).exists()
                && read_manifest(&path).is_ok_and(|manifest| manifest.arm == arm);
            fits.then_some(path)
        };
        if let Some(found) = of(folder.to_owned()) {
            return Some(found);
        }
        let mut arms: Vec<PathBuf> = std::fs::read_dir(folder.join("arms"))
            .map(|entries| entries.filter_map(|e| Some(e.ok()?.path())).collect())
            .unwrap_or_default();
        arms.sort();
        arms.into_iter().find_map(of)
    }

    /// The latest run of this scenario and arm below `runs` that has a ledger.
    pub fn latest(runs: &Path, scenario: &str, arm: &str) -> Option<PathBuf> {
        let entries = std::fs::read_dir(runs).ok()?;
        let found = entries.filter_map(|entry| {
            let run = Self::of_arm(&entry.ok()?.path(), arm)?;
            let same = read_manifest(&run).ok()?.scenario == scenario;
            let made = std::fs::metadata(run.join(RunDirectory::CALLS)).and_then(|m| m.modified());
            same.then(|| (made.unwrap_or(SystemTime::UNIX_EPOCH), run))
        });
        found.max().map(|(_, run)| run)
    }
}
