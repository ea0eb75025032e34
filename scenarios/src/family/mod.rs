//! Families of agents: from an arm of a scenario to what can be run, told and reported.

use crate::clinic::cases::CaseScore;
use crate::clinic::{self, BuiltClinic, Cassette};
use crate::run::{Episode, Experiment, RunError};
use crate::schema::{Arm, Family, ScenarioSet};

/// An arm that is ready to run, with what stories and reports need of it.
pub enum Built {
    /// Visits of a clinic.
    Clinic(BuiltClinic),
}

/// Builds one arm, whatever its family.
///
/// # Errors
/// [`RunError::Input`] when data that the scenario names cannot be used.
pub fn build(set: &ScenarioSet, arm: &Arm, cassette: &Cassette) -> Result<Built, RunError> {
    match &arm.scenario.family {
        Family::Clinic(_) => clinic::build(set, arm, cassette).map(Built::Clinic),
    }
}

impl Built {
    /// What is run.
    pub fn experiment(&self) -> &Experiment {
        match self {
            Self::Clinic(built) => &built.experiment,
        }
    }

    /// What is run, to change.
    pub fn experiment_mut(&mut self) -> &mut Experiment {
        match self {
            Self::Clinic(built) => &mut built.experiment,
        }
    }

    /// The clinic, where it is one.
    pub fn clinic(&self) -> Option<&BuiltClinic> {
        match self {
            Self::Clinic(built) => Some(built),
        }
    }

    /// How visits of cases are scored, where patients are played from cases.
    pub fn cases(&self) -> Option<&std::sync::Arc<CaseScore>> {
        self.clinic()?.cases.as_ref()
    }

    /// How large its world is, in words.
    pub fn size(&self) -> String {
        match self {
            Self::Clinic(built) => format!(
                "{} conditions, {} findings",
                built.knowledge.conditions().len(),
                built.knowledge.findings().len()
            ),
        }
    }

    /// An episode as a story.
    pub fn tell(&self, episode: &Episode) -> String {
        match self {
            Self::Clinic(built) => clinic::tell(&built.knowledge, episode),
        }
    }
}
