//! What all consultations of a run share.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::naming::CodeNamer;
use rounds_policies::clinic::consultation::{Additions, Consultation, Markers, Turn};
use rounds_policies::policy::Decider;

/// What the measurement side says of a test that the patient's chart does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum MissingTest {
    /// That its readings are normal, as published: what is absent looks like a normal value.
    #[default]
    Normal,
    /// That it is not available.
    NotAvailable,
}

impl MissingTest {
    /// The words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Normal => "NORMAL READINGS",
            Self::NotAvailable => "NOT AVAILABLE",
        }
    }
}

/// Rules of a consultation beside those of every visit; the turns are the rounds of these.
#[derive(Resource, Debug, Clone)]
pub struct ConsultingRules {
    /// The words that mark tests and diagnoses.
    pub markers: Markers,
    /// What is said of a test that is not there.
    pub missing_test: MissingTest,
    /// What the doctor is told where the case names no objective.
    pub objective: Arc<str>,
    /// Texts added to what a role is told.
    pub additions: Additions,
    /// Compares names of diagnoses.
    pub namer: Arc<CodeNamer>,
}

impl ConsultingRules {
    /// The published rules, with names compared by `namer`.
    pub fn new(namer: Arc<CodeNamer>) -> Self {
        Self {
            markers: Markers::default(),
            missing_test: MissingTest::default(),
            objective: "Find out what the patient has and name the diagnosis.".into(),
            additions: Additions::default(),
            namer,
        }
    }
}

/// A clinic that consults: its rules and who decides.
#[derive(Debug, Clone)]
pub struct Consulting {
    /// The rules.
    pub rules: ConsultingRules,
    /// Speaks for the doctor.
    pub doctor: Decider<Consultation, Turn>,
    /// Compares diagnoses; without one, names and codes are compared.
    pub moderator: Option<Decider<Consultation, Turn>>,
}
