//! A visit and the stages of its protocol.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::ids::AgentId;
use rounds_policies::clinic::panel::Panel;
use rounds_policies::clinic::speech::Speech;
use rounds_policies::clinic::task::{DoctorView, Speciality};

use super::config::VisitLimits;
use super::respond::Asker;
use crate::engine::Episode;

/// A clinician of a visit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its entity.
    pub entity: Entity,
    /// Its id within the episode.
    pub id: AgentId,
    /// Its speciality.
    pub speciality: Speciality,
    /// Index of its decider.
    pub decider: usize,
}

/// What is to happen next in a visit.
#[derive(Debug)]
pub enum Stage {
    /// The patient presents.
    Introduce,
    /// Somebody introduces the patient.
    Introducing,
    /// The general practitioner names the team.
    Triage,
    /// A round begins, or the answer is forced.
    Begin,
    /// Solo: how confident?
    Confidence,
    /// Solo: a list or a question.
    Solo {
        /// A list is due.
        diagnose: bool,
        /// The rounds ran out.
        forced: bool,
    },
    /// Panel: proposals.
    Propose {
        /// The rounds ran out.
        forced: bool,
    },
    /// Panel: votes on the present candidate.
    Vote {
        /// The panel step.
        panel: Panel,
        /// The rounds ran out.
        forced: bool,
    },
    /// The chosen question goes to the patient.
    Ask {
        /// The question.
        question: Question,
    },
    /// Somebody answers for the patient.
    Respond {
        /// The question, on its way to an answer.
        speech: Speech,
    },
    /// The answer is on its way.
    Await {
        /// The question.
        question: Question,
        /// The answer, not seen yet.
        answer: Answer,
    },
    /// The coordinator adjusts the team.
    Coordinate,
    /// The visit ended.
    Over,
}

/// One patient and the team at the bed.
#[derive(Component)]
pub struct Visit {
    /// The patient.
    pub patient: Box<dyn Patient>,
    /// What the doctor side has seen.
    pub view: Arc<DoctorView>,
    /// What is to happen next.
    pub stage: Stage,
    /// The round, from 1; 0 before the first.
    pub round: u32,
    /// The team, in team order; the relationship `MemberOf` says the same to queries.
    pub team: Vec<Member>,
    /// Specialities of the team, in team order.
    pub roster: Arc<[Speciality]>,
    /// The general practitioner, who also coordinates.
    pub practitioner: Option<Member>,
    /// Everybody who was ever of the team.
    pub(super) known: Vec<Member>,
    /// Decisions that the present stage waits for; 0 when it has not asked yet.
    pub(super) asked: usize,
    /// Requests so far: the number of the next one.
    pub(super) requests: u32,
    /// Requests so far to whoever speaks for the patient.
    pub(super) patient_requests: u32,
    /// Cost so far, in US dollars.
    pub cost: f64,
    /// Limits of its own.
    pub limits: VisitLimits,
}

impl Visit {
    /// Who asks the patient now.
    pub(super) fn asker<'a>(
        &'a mut self,
        entity: Entity,
        episode: &'a mut Episode,
        group: Entity,
    ) -> Asker<'a> {
        Asker {
            entity,
            episode,
            group,
            round: self.round,
            view: &self.view,
            requests: &mut self.patient_requests,
        }
    }

    /// The team's position of an agent.
    pub(super) fn position(&self, id: AgentId) -> Option<usize> {
        self.team.iter().position(|member| member.id == id)
    }
}
