//! What families show in a report beyond metrics, gathered from episodes one after the other.

use crate::clinic_day::{self, GatheredDays};
use crate::coordination::{Gathered, sections};
use crate::report::{ReportError, ReportSection};
use crate::run::Episode;
use crate::statistics::Summary;

/// What was gathered of one arm.
#[derive(Debug, Clone, Default)]
pub enum Gather {
    /// The family shows nothing beyond its metrics and stories.
    #[default]
    Nothing,
    /// Curves and the like of coordination.
    Coordination(Gathered),
    /// Days of a clinic.
    ClinicDay(GatheredDays),
}

impl Gather {
    /// Adds an episode.
    pub fn add(&mut self, episode: &Episode) {
        match self {
            Self::Nothing => {}
            Self::Coordination(gathered) => gathered.add(episode),
            Self::ClinicDay(gathered) => gathered.add(episode),
        }
    }

    /// Adds what was gathered of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Coordination(ours), Self::Coordination(theirs)) => ours.merge(theirs),
            (Self::ClinicDay(ours), Self::ClinicDay(theirs)) => ours.merge(theirs),
            _ => {}
        }
    }
}

/// The sections of a report on arms by their names, whose metrics `summary` has.
///
/// # Errors
/// [`ReportError::Plot`] when something cannot be drawn.
pub fn gathered_sections(
    arms: &[(String, Gather)],
    summary: &Summary,
) -> Result<Vec<ReportSection>, ReportError> {
    let coordination: Vec<(&str, &Gathered)> = arms
        .iter()
        .filter_map(|(name, gather)| match gather {
            Gather::Coordination(gathered) => Some((name.as_str(), gathered)),
            Gather::Nothing | Gather::ClinicDay(_) => None,
        })
        .collect();
    if !coordination.is_empty() {
        return sections(&coordination, summary.seed);
    }
    let days: Vec<(&str, &GatheredDays)> = arms
        .iter()
        .filter_map(|(name, gather)| match gather {
            Gather::ClinicDay(gathered) => Some((name.as_str(), gathered)),
            Gather::Nothing | Gather::Coordination(_) => None,
        })
        .collect();
    match days.is_empty() {
        true => Ok(Vec::new()),
        false => clinic_day::sections(&days, summary),
    }
}
