//! What families show in a report beyond metrics, gathered from episodes one after the other.

use crate::clinic_day::{self, GatheredDays};
use crate::coordination::{Gathered, sections};
use crate::report::{ReportError, ReportSection};
use crate::run::Episode;
use crate::statistics::Summary;
use crate::trajectory::{self, GatheredReturns};

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
    /// Returns in control environments.
    Returns(GatheredReturns),
}

impl Gather {
    /// Adds an episode.
    pub fn add(&mut self, episode: &Episode) {
        match self {
            Self::Nothing => {}
            Self::Coordination(gathered) => gathered.add(episode),
            Self::ClinicDay(gathered) => gathered.add(episode),
            Self::Returns(gathered) => gathered.add(episode),
        }
    }

    /// Adds what was gathered of the same arm with another seed.
    pub fn merge(&mut self, other: Self) {
        match (self, other) {
            (Self::Coordination(ours), Self::Coordination(theirs)) => ours.merge(theirs),
            (Self::ClinicDay(ours), Self::ClinicDay(theirs)) => ours.merge(theirs),
            (Self::Returns(ours), Self::Returns(theirs)) => ours.merge(theirs),
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
    fn of<'a, T>(
        arms: &'a [(String, Gather)],
        part: impl Fn(&'a Gather) -> Option<&'a T>,
    ) -> Vec<(&'a str, &'a T)> {
        let named = arms
            .iter()
            .filter_map(|(name, gather)| Some((name.as_str(), part(gather)?)));
        named.collect()
    }
    let coordination = of(arms, |gather| match gather {
        Gather::Coordination(gathered) => Some(gathered),
        _ => None,
    });
    if !coordination.is_empty() {
        return sections(&coordination, summary.seed);
    }
    let days = of(arms, |gather| match gather {
        Gather::ClinicDay(gathered) => Some(gathered),
        _ => None,
    });
    if !days.is_empty() {
        return clinic_day::sections(&days, summary);
    }
    let returns = of(arms, |gather| match gather {
        Gather::Returns(gathered) => Some(gathered),
        _ => None,
    });
    match returns.is_empty() {
        true => Ok(Vec::new()),
        false => trajectory::sections(&returns, summary.seed),
    }
}
