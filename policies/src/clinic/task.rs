//! What a clinician sees and what it decides.

use std::sync::Arc;

use rounds_environments::clinic::dialogue::{Answer, Introduction, Question};
use rounds_environments::clinic::knowledge::{ConditionIx, FindingIx, SpecialityIx};

/// One question and its answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Exchange {
    /// The question.
    pub question: Question,
    /// The answer.
    pub answer: Answer,
}

/// What the doctor side has seen so far: the same for every member of a team.
#[derive(Debug, Clone, PartialEq)]
pub struct DoctorView {
    /// How the patient presented.
    pub introduction: Introduction,
    /// Questions and answers, oldest first.
    pub exchanges: Vec<Exchange>,
}

impl DoctorView {
    /// Findings with a known answer: the introduction's and those of the exchanges, in order.
    /// A finding that was asked without a known answer is `None`.
    pub fn findings(&self) -> impl Iterator<Item = (FindingIx, Option<bool>)> + '_ {
        let introduced = self
            .introduction
            .observed
            .iter()
            .map(|&(e, present)| (e, Some(present)));
        let asked = self.exchanges.iter().filter_map(|x| match x.question {
            Question::Finding(e) => Some((e, x.answer.present)),
            Question::Text(_) => None,
        });
        introduced.chain(asked)
    }
}

/// A speciality: of the knowledge base, or a name that only a model knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Speciality {
    /// One of the knowledge base.
    Known(SpecialityIx),
    /// Sees every condition.
    Generalist,
    /// Named by a model.
    Named(Arc<str>),
}

/// A diagnosis of a list.
#[derive(Debug, Clone, PartialEq)]
pub enum Diagnosis {
    /// A condition of the knowledge base, with the probability that the proposer gives it.
    Known(ConditionIx, f64),
    /// Named by a model.
    Named(Arc<str>),
}

/// What a member proposes.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// Up to ten diagnoses, most likely first.
    Diagnoses(Vec<Diagnosis>),
    /// The next question.
    Question(Question),
    /// The patient is handed on: a final action beside a diagnosis.
    Refer(Referral),
}

/// Handing a patient on without a diagnosis.
#[derive(Debug, Clone, PartialEq)]
pub struct Referral {
    /// To whom: a speciality or a place, not empty.
    pub to: Arc<str>,
    /// Why; may be empty.
    pub reason: Arc<str>,
    /// What is thought of, most likely first; may be empty.
    pub list: Vec<Diagnosis>,
}

/// A proposal with its confidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Proposal {
    /// Diagnosis list or question.
    pub content: Content,
    /// 1 to 5.
    pub confidence: f64,
    /// Why; empty for rules.
    pub rationale: Arc<str>,
}

/// What is to be decided.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    /// Name up to `most` specialists from the introduction.
    Triage {
        /// Most specialists to name.
        most: usize,
    },
    /// Solo path: say how confident you are, 1 to 5.
    Confidence,
    /// Solo path: list diagnoses (`diagnose`) or ask one question.
    Solo {
        /// A list is due: the confidence check passed, or the rounds ran out.
        diagnose: bool,
    },
    /// Panel: propose a list or a question; only lists when `forced`.
    Propose {
        /// The rounds ran out.
        forced: bool,
    },
    /// Panel: agree or disagree with another member's proposal.
    Vote {
        /// The proposal.
        proposal: Arc<Proposal>,
    },
    /// Return the team of the next round.
    Coordinate {
        /// Most members.
        most: usize,
    },
}

/// What one clinician sees.
#[derive(Debug, Clone, PartialEq)]
pub struct Observation {
    /// What is to be decided.
    pub task: Task,
    /// The speciality of the one who is asked; the generalist for triage and coordination.
    pub speciality: Speciality,
    /// The team, in team order.
    pub team: Arc<[Speciality]>,
    /// What the doctor side has seen.
    pub view: Arc<DoctorView>,
}

/// What one clinician decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// The team, in order (triage and coordination).
    Team(Vec<Speciality>),
    /// Confidence of the solo path, 1 to 5; `None` when unreadable.
    Confidence(Option<u8>),
    /// A proposal (solo and panel); `None` drops out of this round.
    Proposal(Option<Proposal>),
    /// Agreement; `None` abstains.
    Vote(Option<bool>),
}
