//! The model-backed policy: requests, readings, neutral decisions.

use std::borrow::Cow;
use std::sync::Arc;

use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::streams::RunSeed;
use rounds_models::ModelRequest;

use super::reply::Reply;
use super::request::{data, instructions, purpose, role};
use super::schema::schema;
use crate::clinic::reading::Fidelity;
use crate::clinic::task::{Action, Observation, Task};
use crate::policy::{Ask, ModelPolicy, PolicyError, Reading};
use crate::spoken::{Saying, SpokenOptions};

/// Clinicians, triage doctor and coordinator that speak through a language model.
#[derive(Debug, Clone)]
pub struct SpokenClinician {
    /// Names that replies are matched with, if any.
    pub knowledge: Option<Arc<Knowledge>>,
    /// How votes and confidence levels are read.
    pub fidelity: Fidelity,
    /// Most diagnoses of a list; more are cut.
    pub list_length: usize,
    /// How the clinicians speak.
    pub options: SpokenOptions,
}

impl Default for SpokenClinician {
    fn default() -> Self {
        Self {
            knowledge: None,
            fidelity: Fidelity::Strict,
            list_length: 10,
            options: SpokenOptions::default(),
        }
    }
}

impl SpokenClinician {
    fn reply<'a>(&'a self, observation: &'a Observation) -> Reply<'a> {
        Reply {
            observation,
            knowledge: self.knowledge.as_deref(),
            fidelity: self.fidelity,
            list_length: self.list_length,
        }
    }
}

impl ModelPolicy<Observation, Action> for SpokenClinician {
    fn request(&self, seed: RunSeed, ask: &Ask<Observation>) -> Result<ModelRequest, PolicyError> {
        let (seen, options) = (&ask.observation, &self.options);
        let base = self.knowledge.as_deref();
        let saying = Saying {
            role: role(&seen.task),
            purpose: Cow::Borrowed(purpose(&seen.task)),
            system: instructions(seen, base, self.list_length, &options.addition),
            user: data(seen, base, options.most_chars),
            schema: match options.structured {
                true => schema(&seen.task, self.list_length),
                false => None,
            },
            temperature: options.temperature,
        };
        options.request(seed, ask.key, saying)
    }

    fn read(&self, ask: &Ask<Observation>, reply: &str) -> Reading<Action> {
        match self.reply(&ask.observation).read(reply) {
            Ok((action, mended)) if mended.is_empty() => Reading::Action(action),
            Ok((action, mended)) => Reading::Mended(action, mended.join("; ")),
            Err(why) => Reading::AskAgain(format!("Your reply could not be read: {why}")),
        }
    }

    /// As the card says (section 4): a vote abstains, a proposal is dropped, the team stays, and
    /// triage calls internal medicine.
    fn neutral(&self, ask: &Ask<Observation>) -> Result<Action, PolicyError> {
        let seen = &ask.observation;
        Ok(match &seen.task {
            Task::Triage { .. } => {
                Action::Team(vec![self.reply(seen).speciality("Internal medicine")])
            }
            Task::Coordinate { .. } => Action::Team(seen.team.to_vec()),
            Task::Confidence => Action::Confidence(None),
            Task::Vote { .. } => Action::Vote(None),
            Task::Solo { .. } | Task::Propose { .. } => Action::Proposal(None),
        })
    }
}
