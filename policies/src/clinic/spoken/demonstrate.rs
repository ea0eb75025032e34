//! Demonstrations: decisions of one policy, told as the conversations in which a language model
//! would have made them. They are what such a model is trained on.

use std::sync::{Arc, Mutex, PoisonError};

use rounds_environments::streams::RunSeed;
use rounds_models::{CallKey, Message, Schema};

use super::clinician::SpokenClinician;
use super::express::express;
use crate::clinic::task::{Action, Observation};
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
    kept: Mutex<Vec<Demonstration>>,
}

impl DemonstratingClinician {
    /// Decides as `teacher` does, with the prompts of `speaker`.
    pub fn new(teacher: Arc<dyn Policy<Observation, Action>>, speaker: SpokenClinician) -> Self {
        Self {
            teacher,
            speaker,
            kept: Mutex::default(),
        }
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
        let decided = self.teacher.decide(seed, batch)?;
        let mut made = Vec::with_capacity(batch.len());
        for (ask, action) in batch.iter().zip(&decided) {
            let Ok(action) = action else { continue };
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
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(made);
        Ok(decided)
    }
}
