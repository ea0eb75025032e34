//! The policy: observation to request, reply to action.

use std::borrow::Cow;
use std::sync::Arc;

use rand::RngExt;
use rounds_environments::clinic::knowledge::Knowledge;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::{CallKey, Message, ModelRequest};

use super::decision::read;
use super::seen::line;
use crate::clinic::spoken::request::purpose;
use crate::clinic::task::{Action, Observation};
use crate::policy::{Ask, ModelPolicy, PolicyError, Reading};

/// A clinician of any speciality, triage doctor and coordinator, whose decisions are JSON objects
/// that a program or a person gives.
#[derive(Debug, Clone)]
pub struct OutsideClinician {
    /// Names of findings, conditions and specialities.
    pub knowledge: Arc<Knowledge>,
    /// Most diagnoses of a list.
    pub list_length: usize,
}

impl ModelPolicy<Observation, Action> for OutsideClinician {
    fn request(&self, seed: RunSeed, ask: &Ask<Observation>) -> Result<ModelRequest, PolicyError> {
        let key = ask.key;
        let mut stream =
            StreamKey::agent(seed, key.episode, key.agent, key.round, Purpose::Model).open();
        stream.set_word_pos(2 * u128::from(key.number));
        // 32 bits: every language reads them exactly.
        let seed: u32 = stream.random();
        let seen = line(key, seed, &ask.observation, &self.knowledge);
        Ok(ModelRequest {
            key: CallKey {
                episode: key.episode,
                agent: key.agent,
                round: key.round,
                purpose: Cow::Borrowed(purpose(&ask.observation.task)),
                number: key.number,
                attempt: 0,
            },
            messages: vec![Message::new("user", seen)],
            schema: None,
            temperature: 0.0,
            max_tokens: 0,
            seed: seed.into(),
        })
    }

    fn read(&self, ask: &Ask<Observation>, reply: &str) -> Reading<Action> {
        match read(&ask.observation, reply, &self.knowledge, self.list_length) {
            Ok(action) => Reading::Action(action),
            Err(why) => Reading::AskAgain(why),
        }
    }

    fn neutral(&self, ask: &Ask<Observation>) -> Result<Action, PolicyError> {
        Err(PolicyError::Garbage(format!(
            "no decision on the task {}",
            purpose(&ask.observation.task)
        )))
    }
}
