//! One of the runs that are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::settings::resolved_settings;
use crate::run::{EpisodeRow, Manifest, RunError, read_episodes, read_manifest, table_metrics};
use crate::statistics::CaseNumbers;

/// One run directory of a side: all of it, or one seed of several.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The run directory.
    pub folder: PathBuf,
    /// What it is a run of.
    pub manifest: Manifest,
}

/// A finished run, or one arm of a bench with all of its seeds.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// The folder as it was named: that of the run or of the bench.
    pub folder: PathBuf,
    /// Name of the arm.
    pub arm: String,
    /// Its run directories, one a seed; at least one.
    pub parts: Vec<Part>,
    /// Metrics of its tables.
    pub metrics: BTreeSet<String>,
}

/// A row with the place it comes from.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Placed {
    /// Index of the part.
    pub(crate) part: usize,
    /// The row.
    pub(crate) row: EpisodeRow,
}

/// Rows by case, repeats in their order.
pub(crate) type Rows = BTreeMap<String, Vec<Placed>>;

impl Side {
    /// The arms of a bench, or the one side that a run is, from its run directories.
    ///
    /// # Errors
    /// [`RunError`] when a manifest or table is missing or damaged.
    pub fn open(folder: &Path, run_directories: Vec<PathBuf>) -> Result<Vec<Self>, RunError> {
        let mut sides: Vec<Self> = Vec::new();
        for directory in run_directories {
            let manifest = read_manifest(&directory)?;
            let metrics: BTreeSet<String> = table_metrics(&directory)?.into_iter().collect();
            let arm = manifest.arm.clone();
            let part = Part {
                folder: directory,
                manifest,
            };
            match sides.iter_mut().find(|side| side.arm == arm) {
                Some(side) => {
                    side.metrics.extend(metrics);
                    side.parts.push(part);
                }
                None => sides.push(Self {
                    folder: folder.to_owned(),
                    arm,
                    parts: vec![part],
                    metrics,
                }),
            }
        }
        Ok(sides)
    }

    /// Manifest of the first part; the others differ in their seed alone.
    pub fn manifest(&self) -> &Manifest {
        &self.parts[0].manifest
    }

    /// Seeds of the parts.
    pub fn seeds(&self) -> BTreeSet<u64> {
        self.parts.iter().map(|part| part.manifest.seed).collect()
    }

    /// The seeds in words.
    pub fn seeds_text(&self) -> String {
        let seeds: Vec<u64> = self.seeds().into_iter().collect();
        match seeds.as_slice() {
            [one] => format!("seed {one}"),
            [first, .., last] if last - first + 1 == seeds.len() as u64 => {
                format!("seeds {first}..{}", last + 1)
            }
            _ => format!("{} seeds", seeds.len()),
        }
    }

    /// What the side is called where several are shown: its folder, and its arm where that has
    /// several.
    pub fn title(&self) -> String {
        let name = self.folder.file_name().map_or_else(
            || self.folder.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        if self.parts[0].folder == self.folder {
            name
        } else {
            format!("{name} · {}", self.arm)
        }
    }

    /// Whether reports may hold no record text of it.
    pub fn restricted(&self) -> bool {
        self.parts.iter().any(|part| part.manifest.restricted)
    }

    /// The suite hash of an evaluation; `None` for a plain run.
    pub fn suite(&self) -> Option<&str> {
        self.manifest().data.get("suite").and_then(Value::as_str)
    }

    /// Kind of its environment: `evaluation`, `clinic`, or `stepped` with the name.
    pub fn family(&self) -> String {
        if self.suite().is_some() {
            return "evaluation".to_owned();
        }
        let kind = resolved_settings(self.manifest()).remove("environment.kind");
        match kind {
            Some(Value::String(kind)) => kind,
            _ => format!("stepped environment {}", self.manifest().scenario),
        }
    }

    /// Whether other seeds bring other patients: not where they are given.
    pub(crate) fn draws_cases(&self) -> bool {
        self.suite().is_none() && self.manifest().data.get("records").is_none()
    }

    /// The rows of all parts with the metrics that are wanted, by case in the order of the seeds.
    ///
    /// # Errors
    /// [`RunError`] when a table cannot be read.
    pub(crate) fn rows(&self, seeded: bool, wanted: &BTreeSet<&str>) -> Result<Rows, RunError> {
        let mut cases = Rows::new();
        for (at, part) in self.parts.iter().enumerate() {
            for row in read_episodes(&part.folder, |name| wanted.contains(name))? {
                let case = if seeded && self.draws_cases() {
                    format!("seed {}, {}", part.manifest.seed, row.case)
                } else {
                    row.case.clone()
                };
                cases
                    .entry(case)
                    .or_default()
                    .push(Placed { part: at, row });
            }
        }
        Ok(cases)
    }

    /// The command that tells one of its episodes.
    pub(crate) fn show(&self, placed: &Placed) -> String {
        let folder = self.parts[placed.part].folder.display().to_string();
        format!("rounds show {} {}", quoted(&folder), placed.row.episode)
    }
}

/// A word of a command line, in quotes where it needs them.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The values of a metric as pairs of case number and value.
pub(crate) fn values<'a>(
    rows: &'a Rows,
    metric: &'a str,
    numbers: &mut CaseNumbers,
) -> Vec<(u64, Option<f64>)> {
    let mut values = Vec::new();
    for (case, placed) in rows {
        let number = numbers.number(case);
        let of = |placed: &Placed| placed.row.metrics.get(metric).copied().flatten();
        values.extend(placed.iter().map(|placed| (number, of(placed))));
    }
    values
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn folders_with_spaces_are_quoted() {
        assert_eq!(quoted("runs/a-1"), "runs/a-1");
        assert_eq!(quoted("my run's"), "'my run'\\''s'");
    }
}
