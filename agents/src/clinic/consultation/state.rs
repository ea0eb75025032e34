//! A consultation and the stages of its protocol.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::ids::AgentId;
use rounds_policies::clinic::consultation::{Brief, Remark, Speaker};
use rounds_policies::clinic::speech::Speech;
use rounds_policies::clinic::task::DoctorView;

/// What is to happen next in a consultation.
#[derive(Debug)]
pub enum ConsultStage {
    /// The doctor gets the objective.
    Open,
    /// A turn begins, or the turns ran out.
    Begin,
    /// The doctor speaks.
    Speak,
    /// The doctor's words go to the patient or the measurement side.
    Ask {
        /// Who is asked.
        to: Speaker,
        /// The words, or the name of the test.
        words: Arc<str>,
    },
    /// Somebody answers for the patient.
    Respond {
        /// The question, on its way to an answer.
        speech: Speech,
    },
    /// The answer is on its way.
    Await {
        /// Who answers.
        by: Speaker,
        /// The question.
        question: Question,
        /// The answer, not seen yet.
        answer: Answer,
    },
    /// The moderator compares the diagnosis with the truth.
    Judge {
        /// The diagnosis in the words of the doctor.
        said: Arc<str>,
    },
    /// The consultation ended.
    Over,
}

/// One patient and one doctor.
#[derive(Component)]
pub struct Consult {
    /// The patient.
    pub patient: Box<dyn Patient>,
    /// What the doctor is told at the start.
    pub brief: Arc<Brief>,
    /// What was said.
    pub dialogue: Arc<Vec<Remark>>,
    /// The same as data.
    pub view: Arc<DoctorView>,
    /// What is to happen next.
    pub stage: ConsultStage,
    /// The turn, from 1; 0 before the first.
    pub turn: u32,
    /// Cost so far, in US dollars.
    pub cost: f64,
    /// The doctor.
    pub(super) doctor: AgentId,
    /// The moderator.
    pub(super) moderator: AgentId,
    /// A decision is awaited.
    pub(super) asked: bool,
    /// Requests so far: the number of the next one.
    pub(super) requests: u32,
    /// Requests so far to whoever speaks for the patient.
    pub(super) patient_requests: u32,
}
