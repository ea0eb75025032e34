//! Demonstrations: decisions of one policy, told as the conversations in which a language model
//! would have made them. They are what such a model is trained on.

use std::sync::{Arc, Mutex, PoisonError};

use rand::RngExt;
use rounds_environments::clinic::dialogue::Question;
use rounds_environments::clinic::knowledge::FindingIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::{CallKey, Message, Schema};

use super::clinician::SpokenClinician;
use super::express::express;
use crate::clinic::task::{Action, Content, Observation, Proposal, Task};
use crate::policy::{Ask, Decisions, ModelPolicy, Policy};

/// One decision as a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Demonstration {
    /// Name of the call that a language model would have been asked by.
    pub key: CallKey,
    /// What it would have been told.
    pub messages: Vec<Message>,
    /// The form that it would have been asked for.
    pub schema: Option<Schema>,
    /// The reply that says the decision.
    pub reply: String,
}

/// Decides as another policy does, and keeps each decision as a [`Demonstration`].
///
/// A decision that no reply can say is left out: a vote that was withheld, or a referral.
pub struct DemonstratingClinician {
    /// Who decides.
    teacher: Arc<dyn Policy<Observation, Action>>,
    /// In whose words.
    speaker: SpokenClinician,
    /// Share of proposals in whose place another is made.
    deviation: f64,
    kept: Mutex<Vec<Demonstration>>,
}

impl DemonstratingClinician {
    /// Decides as `teacher` does, with the prompts of `speaker`.
    pub fn new(teacher: Arc<dyn Policy<Observation, Action>>, speaker: SpokenClinician) -> Self {
        Self {
            teacher,
            speaker,
            deviation: 0.0,
            kept: Mutex::default(),
        }
    }

    /// The same, but in the place of a share of proposals a question drawn at random is put, while what is kept is the
    /// teacher's proposal.
    ///
    /// Who learns from visits without a mistake never sees how to go on after one.
    ///
    /// # Source
    /// Laskey et al., "DART: Noise Injection for Robust Imitation Learning", 2017.
    pub fn deviating(mut self, share: f64) -> Self {
        self.deviation = share;
        self
    }

    /// What is done in the place of a proposal, where something else is.
    fn deviated(&self, seed: RunSeed, ask: &Ask<Observation>, action: &Action) -> Option<Action> {
        let (Task::Propose { forced: false } | Task::Solo { diagnose: false }) =
            ask.observation.task
        else {
            return None;
        };
        let Action::Proposal(Some(proposal)) = action else {
            return None;
        };
        let findings = self.speaker.knowledge.as_ref()?.findings().len() as u32;
        let key = &ask.key;
        let mut stream =
            StreamKey::agent(seed, key.episode, key.agent, key.round, Purpose::Custom).open();
        if findings == 0 || stream.random::<f64>() >= self.deviation {
            return None;
        }
        let question = Question::Finding(FindingIx(stream.random_range(0..findings)));
        Some(Action::Proposal(Some(Proposal {
            content: Content::Question(question),
            ..proposal.clone()
        })))
    }

    /// Takes what was kept so far, in the order of the calls' keys: the same for any order in
    /// which episodes were played.
    pub fn take(&self) -> Vec<Demonstration> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = std::mem::take(&mut *kept);
        taken.sort_by(|a, b| a.key.cmp(&b.key));
        taken
    }
}

impl Policy<Observation, Action> for DemonstratingClinician {
    fn decide(&self, seed: RunSeed, batch: &[Ask<Observation>]) -> Decisions<Action> {
        let mut decided = self.teacher.decide(seed, batch)?;
        let mut made = Vec::with_capacity(batch.len());
        for (ask, decision) in batch.iter().zip(&mut decided) {
            let Ok(action) = decision else { continue };
            let knowledge = self.speaker.knowledge.as_deref();
            let Some(reply) = express(&ask.observation, action, knowledge) else {
                continue;
            };
            let request = self.speaker.request(seed, ask)?;
            made.push(Demonstration {
                key: request.key,
                messages: request.messages,
                schema: request.schema,
                reply,
            });
            if let Some(other) = self.deviated(seed, ask, action) {
                *action = other;
            }
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(made);
        Ok(decided)
    }
}
