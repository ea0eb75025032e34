//! What must be known of an arm before its first sample is written.

use std::collections::BTreeSet;

use super::calls::{CallReader, UsageBy};
use super::gate::Gate;
use super::ids::SampleNames;
use crate::compare::Side;
use crate::run::{EpisodeRows, RunError};

/// Counts of samples, and usage.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Ids of the samples, in the order in which they first come.
    pub(super) ids: Vec<String>,
    /// Largest number of repeats of a case.
    pub(super) epochs: u32,
    /// Episodes.
    pub(super) episodes: u64,
    /// Episodes that failed.
    pub(super) failed: u64,
    /// What each model used.
    pub(super) by_model: UsageBy,
    /// What each role used.
    pub(super) by_role: UsageBy,
}

impl Facts {
    /// Reads the tables and the calls of an arm once.
    ///
    /// # Errors
    /// [`RunError`] when one of them cannot be read.
    pub(super) fn read(side: &Side, gate: Gate) -> Result<Self, RunError> {
        let mut facts = Self::default();
        let mut names = SampleNames::default();
        let mut known = BTreeSet::new();
        for part in &side.parts {
            for row in EpisodeRows::open(&part.folder)? {
                let row = row?;
                let (id, epoch) = names.next(side, part, &row, gate);
                if known.insert(id.clone()) {
                    facts.ids.push(id);
                }
                facts.epochs = facts.epochs.max(epoch);
                facts.episodes += 1;
                facts.failed += u64::from(row.outcome == "failed");
            }
            let mut calls = CallReader::open(&part.folder)?;
            while let Some(call) = calls.next_call()? {
                facts.by_model.add(&call.model, &call.usage);
                facts.by_role.add(&call.key.purpose, &call.usage);
            }
        }
        Ok(facts)
    }
}
