//! Families of agents: from an arm of a scenario to what can be run, told and reported.

mod gather;

pub use gather::{Gather, gathered_sections};

use crate::clinic::cases::CaseScore;
use crate::clinic::{self, BuiltClinic};
use crate::clinic_day::{self, BuiltClinicDay, GatheredDays};
use crate::coordination::{self, BuiltCoordination, Gathered};
use crate::run::{Episode, EpisodeRow, Experiment, RunError};
use crate::schema::{Arm, ControlSpec, Family, ScenarioSet};
use crate::speech::Cassette;
use crate::trajectory::{self, BuiltTrajectory, GatheredReturns};

/// An arm that is ready to run, with what stories and reports need of it.
pub enum Built {
    /// Visits of a clinic.
    Clinic(BuiltClinic),
    /// Agents that coordinate.
    Coordination(BuiltCoordination),
    /// Days of a clinic.
    ClinicDay(BuiltClinicDay),
    /// Agents of a control environment.
    Trajectory(BuiltTrajectory),
}

/// What everything of a family says of itself; empty where nothing need be said.
pub fn notice(family: &Family) -> &'static str {
    match family {
        Family::Clinic(_) | Family::ClinicDay(_) => clinic::NOTICE,
        Family::Trajectory(family) => match family.environment {
            ControlSpec::Stabilise(_) => clinic::NOTICE,
            _ => "",
        },
        Family::Coordination(_) => "",
    }
}

/// Builds one arm, whatever its family.
///
/// # Errors
/// [`RunError::Input`] when data that the scenario names cannot be used.
pub fn build(set: &ScenarioSet, arm: &Arm, cassette: &Cassette) -> Result<Built, RunError> {
    let family = &arm.scenario.family;
    let mut built = match family {
        Family::Clinic(_) => Built::Clinic(clinic::build(set, arm, cassette)?),
        Family::Coordination(own) => {
            Built::Coordination(coordination::build(set, arm, own, cassette)?)
        }
        Family::ClinicDay(own) => Built::ClinicDay(clinic_day::build(set, arm, own, cassette)?),
        Family::Trajectory(own) => Built::Trajectory(trajectory::build(set, arm, own, cassette)?),
    };
    built.experiment_mut().manifest.notice = notice(family).to_owned();
    Ok(built)
}

impl Built {
    /// What is run.
    pub fn experiment(&self) -> &Experiment {
        match self {
            Self::Clinic(built) => &built.experiment,
            Self::Coordination(built) => &built.experiment,
            Self::ClinicDay(built) => &built.experiment,
            Self::Trajectory(built) => &built.experiment,
        }
    }

    /// What is run, to change.
    pub fn experiment_mut(&mut self) -> &mut Experiment {
        match self {
            Self::Clinic(built) => &mut built.experiment,
            Self::Coordination(built) => &mut built.experiment,
            Self::ClinicDay(built) => &mut built.experiment,
            Self::Trajectory(built) => &mut built.experiment,
        }
    }

    /// The clinic, where it is one.
    pub fn clinic(&self) -> Option<&BuiltClinic> {
        match self {
            Self::Clinic(built) => Some(built),
            Self::Coordination(_) | Self::ClinicDay(_) | Self::Trajectory(_) => None,
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
            Self::Coordination(built) => built.size.clone(),
            Self::ClinicDay(built) => built.size.clone(),
            Self::Trajectory(built) => built.size.clone(),
        }
    }

    /// What a list of episodes says of one beside how it ended.
    pub fn line(&self, row: &EpisodeRow) -> String {
        let metric = |name: &str| row.metrics.get(name).copied().flatten();
        match self {
            Self::Clinic(_) => {
                let hit = match metric("hit@1") {
                    Some(hit) if hit > 0.0 => "correct",
                    Some(_) => "missed",
                    None => "unscored",
                };
                let questions = metric("questions").unwrap_or(0.0);
                format!("{hit:<9} {questions:>3} questions")
            }
            Self::Coordination(_) => match (metric("utility"), metric("ratio")) {
                (Some(utility), Some(ratio)) => {
                    format!("utility {utility:.3}, {ratio:.3} of the reference")
                }
                (Some(utility), None) => format!("utility {utility:.3}"),
                (None, _) => "unscored".to_owned(),
            },
            Self::Trajectory(_) => match (metric("return"), metric("score")) {
                (Some(total), Some(score)) => format!("return {total:.3}, score {score:.1}"),
                (Some(total), None) => format!("return {total:.3}"),
                (None, _) => "unscored".to_owned(),
            },
            Self::ClinicDay(_) => {
                let minutes = |name: &str| {
                    metric(name).map_or("–".to_owned(), |minutes| format!("{minutes:.1}"))
                };
                format!(
                    "{} min to the right diagnosis, {} min of waiting",
                    minutes("diagnosis_minutes"),
                    minutes("wait_minutes")
                )
            }
        }
    }

    /// Whether something has to be there before the first episode.
    pub fn prepares(&self) -> bool {
        match self {
            Self::Trajectory(_) => true,
            Self::ClinicDay(built) => built.preparation.is_some(),
            Self::Clinic(_) | Self::Coordination(_) => false,
        }
    }

    /// Makes what has to be there before the first episode, such as models; `tell` is told how far that is. Episodes
    /// would make it themselves, without a word.
    ///
    /// # Errors
    /// [`RunError`] when it cannot be made.
    pub fn prepare(&self, tell: &mut dyn FnMut(&str)) -> Result<(), RunError> {
        match self {
            Self::Trajectory(built) => built.preparation.get(tell).map(|_| ()),
            Self::ClinicDay(BuiltClinicDay {
                preparation: Some(preparation),
                ..
            }) => preparation.get(tell).map(|_| ()),
            _ => Ok(()),
        }
    }

    /// What the report shows of its episodes beyond metrics, empty yet.
    pub fn gather(&self) -> Gather {
        match self {
            Self::Clinic(_) => Gather::Nothing,
            Self::Coordination(built) => Gather::Coordination(Gathered::new(built.method.clone())),
            Self::ClinicDay(_) => Gather::ClinicDay(GatheredDays::default()),
            Self::Trajectory(_) => Gather::Returns(GatheredReturns::default()),
        }
    }

    /// An episode as a story.
    pub fn tell(&self, episode: &Episode) -> String {
        match self {
            Self::Clinic(built) => clinic::tell(&built.knowledge, episode),
            Self::Coordination(_) => coordination::tell(episode),
            Self::ClinicDay(_) => clinic_day::tell(episode),
            Self::Trajectory(_) => trajectory::tell(episode),
        }
    }
}
