//! What all visits of a run share.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::clinic::patient::Patient;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::clinic::task::Speciality;

/// Makes the patient of each episode.
pub trait PatientSource: Send + Sync {
    /// The patient of `episode`.
    ///
    /// # Errors
    /// [`EnvironmentError`] when it cannot be made; the episode then counts as failed.
    fn patient(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Box<dyn Patient>, EnvironmentError>;

    /// Limits of the visit of `episode` that are its own.
    fn limits(&self, episode: EpisodeIx) -> VisitLimits {
        let _ = episode;
        VisitLimits::default()
    }
}

/// Limits of one visit in place of those of all; what is not given is that of all.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct VisitLimits {
    /// Most rounds.
    pub rounds: Option<u32>,
    /// Most simulated minutes.
    pub minutes: Option<f64>,
    /// Most that questions and tests may cost, in US dollars.
    pub cost: Option<f64>,
}

/// Who forms the team, and who may change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coordination {
    /// The general practitioner names the team, and the coordinator adjusts it each round.
    Dynamic,
    /// The general practitioner names the team, and it stays.
    Fixed,
    /// The team is given and stays; no triage, no coordinator.
    Given,
}

/// Rules of a visit.
#[derive(Debug, Clone, PartialEq)]
pub struct VisitConfig {
    /// Who forms the team.
    pub coordination: Coordination,
    /// The team when it is given.
    pub given: Vec<Speciality>,
    /// Specialists that triage names.
    pub triage: usize,
    /// Most members.
    pub max_members: usize,
    /// Share of the team that must agree, in (0, 1].
    pub agree_threshold: f64,
    /// Longest list of diagnoses.
    pub list_length: usize,
    /// Confidence at which a solo clinician diagnoses, 1 to 5.
    pub solo_stop_level: u8,
    /// Most rounds; 0 forces an answer from the introduction alone.
    pub max_rounds: u32,
    /// Simulated minutes that a question takes.
    pub minutes_per_question: f64,
    /// The visit is cut after this many simulated minutes.
    pub max_minutes: Option<f64>,
    /// The visit is cut when its questions and tests cost more than this, in US dollars.
    pub max_cost: Option<f64>,
}

impl Default for VisitConfig {
    /// The published values (card, section 6).
    fn default() -> Self {
        Self {
            coordination: Coordination::Dynamic,
            given: Vec::new(),
            triage: 2,
            max_members: 5,
            agree_threshold: 0.5,
            list_length: 10,
            solo_stop_level: 4,
            max_rounds: 10,
            minutes_per_question: 2.0,
            max_minutes: None,
            max_cost: None,
        }
    }
}

/// A change of settings at a time of the episode.
#[derive(Debug, Clone, PartialEq)]
pub struct TimelineEntry {
    /// Minutes since the start of the episode.
    pub at_min: f64,
    /// Settings of the environment and their values.
    pub set: Vec<(String, serde_json::Value)>,
}

/// What all visits of a run share.
#[derive(Resource, Clone)]
pub struct Clinic {
    /// Names of conditions, findings and specialities.
    pub knowledge: Arc<Knowledge>,
    /// Where patients come from.
    pub patients: Arc<dyn PatientSource>,
    /// Rules of a visit.
    pub visit: VisitConfig,
    /// Changes of settings, by time.
    pub timeline: Arc<[TimelineEntry]>,
    /// Members of a mixed team that another decider than the first decides for: its index by the
    /// name of a speciality in lower case, [`PRACTITIONER`] for triage and coordination.
    pub cast: Arc<BTreeMap<String, usize>>,
}

/// The name of who does triage and coordinates.
pub const PRACTITIONER: &str = "general practitioner";

impl Clinic {
    /// Index of the decider of a member.
    pub(super) fn decider_of(&self, speciality: &Speciality) -> usize {
        match self.cast.is_empty() {
            true => 0,
            false => self.decider_named(self.speciality_name(speciality)),
        }
    }

    /// Index of the decider of a member by its name.
    pub(super) fn decider_named(&self, name: &str) -> usize {
        self.cast.get(&name.to_lowercase()).copied().unwrap_or(0)
    }

    /// Name of a speciality for people and logs.
    pub fn speciality_name<'a>(&'a self, speciality: &'a Speciality) -> &'a str {
        match speciality {
            Speciality::Known(ix) => self
                .knowledge
                .specialities()
                .get(ix.index())
                .map_or("unknown speciality", String::as_str),
            Speciality::Generalist => "generalist",
            Speciality::Named(name) => name,
        }
    }
}
