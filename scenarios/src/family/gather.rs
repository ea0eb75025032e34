//! What families show in a report beyond metrics, gathered from episodes one after the other.

use crate::coordination::{Gathered, sections};
use crate::report::{ReportError, ReportSection};
use crate::run::Episode;

/// What was gathered of one arm.
#[derive(Debug, Clone, Default)]
pub enum Gather {
    /// The family shows nothing beyond its metrics and stories.
    #[default]
    Nothing,
    /// Curves and the like of coordination.
    Coordination(Gathered),
}

impl Gather {
    /// Adds an episode.
    pub fn add(&mut self, episode: &Episode) {
        match self {
            Self::Nothing => {}
            Self::Coordination(gathered) => gathered.add(episode),
        }
    }

    /// Adds what was gathered of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        if let (Self::Coordination(ours), Self::Coordination(theirs)) = (self, other) {
            ours.merge(theirs);
        }
    }
}

/// The sections of a report on arms by their names.
///
/// # Errors
/// [`ReportError::Plot`] when something cannot be drawn.
pub fn gathered_sections(
    arms: &[(String, Gather)],
    seed: u64,
) -> Result<Vec<ReportSection>, ReportError> {
    let coordination: Vec<(&str, &Gathered)> = arms
        .iter()
        .filter_map(|(name, gather)| match gather {
            Gather::Coordination(gathered) => Some((name.as_str(), gathered)),
            Gather::Nothing => None,
        })
        .collect();
    match coordination.is_empty() {
        true => Ok(Vec::new()),
        false => sections(&coordination, seed),
    }
}
