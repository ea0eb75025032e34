//! What the doctor and the moderator see and decide.

use std::sync::Arc;

use super::markers::Markers;
use crate::clinic::task::DoctorView;

/// Who says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    /// The doctor.
    Doctor,
    /// The patient.
    Patient,
    /// The side that examines and measures.
    Measurement,
}

impl Speaker {
    /// Name as written in logs and requests.
    pub fn name(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Patient => "patient",
            Self::Measurement => "measurement",
        }
    }
}

/// One thing that was said.
#[derive(Debug, Clone, PartialEq)]
pub struct Remark {
    /// Who said it.
    pub by: Speaker,
    /// The words.
    pub text: Arc<str>,
}

/// Texts that are added to what a role is told: where biases go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Additions {
    /// For the doctor; empty for none.
    pub doctor: Arc<str>,
}

/// What stays the same through a consultation.
#[derive(Debug, Clone, PartialEq)]
pub struct Brief {
    /// All that the doctor is told at the start.
    pub objective: Arc<str>,
    /// Turns of the doctor at most.
    pub turns: u32,
    /// The words that mark tests and diagnoses.
    pub markers: Markers,
    /// Texts added to what a role is told.
    pub additions: Additions,
}

/// What is to be decided.
#[derive(Debug, Clone, PartialEq)]
pub enum TurnTask {
    /// The doctor says something.
    Speak {
        /// Number of the turn, from 1.
        turn: u32,
        /// It is the last one.
        last: bool,
    },
    /// The moderator says whether the diagnosis is one of the true ones.
    Judge {
        /// The diagnosis in the words of the doctor.
        said: Arc<str>,
        /// Names of the true diagnoses.
        truth: Arc<[String]>,
    },
}

/// What is seen. The doctor side never sees a [`TurnTask::Judge`].
#[derive(Debug, Clone, PartialEq)]
pub struct Consultation {
    /// What is to be decided.
    pub task: TurnTask,
    /// What stays the same.
    pub brief: Arc<Brief>,
    /// What was said, oldest first.
    pub dialogue: Arc<Vec<Remark>>,
    /// The same questions and answers as data; the introduction is the objective.
    pub view: Arc<DoctorView>,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// The words of the doctor.
    Said(Arc<str>),
    /// Whether the diagnosis is right; `None` when that could not be read.
    Verdict(Option<bool>),
}
