//! What a language model has to know of what it plays.

use std::sync::Arc;

use rounds_environments::environment::Describe;
use rounds_environments::ids::AgentId;
use serde_json::{Value, json};

use crate::policy::Ask;

/// What a language model can play.
pub trait Game: Send + Sync + 'static {
    /// What one agent sees.
    type Observation: Send + Sync + 'static;
    /// What it does.
    type Action: Send + Sync + 'static;

    /// What the game is about and what its agents want. It goes into the system message: nothing that
    /// was said or recorded may be in it.
    fn rules<'a>(&'a self, ask: &'a Ask<Self::Observation>) -> &'a str;

    /// The present situation of the agent that is asked, as data.
    fn situation(&self, ask: &Ask<Self::Observation>) -> Value;

    /// JSON schema of its action.
    fn action_schema(&self, ask: &Ask<Self::Observation>) -> Value;

    /// Reads an action.
    ///
    /// # Errors
    /// What was expected, in words for the model.
    fn read_action(
        &self,
        ask: &Ask<Self::Observation>,
        value: &Value,
    ) -> Result<Self::Action, String>;

    /// What the agent does when no reply could be used; `None` where there is no such action.
    fn neutral_action(&self, ask: &Ask<Self::Observation>) -> Option<Self::Action>;
}

/// The game of an environment that describes itself.
#[derive(Debug)]
pub struct Described<E>(Arc<E>);

impl<E: Describe> Described<E> {
    /// The game of environments like `sample`, which only describes: what it says of an observation
    /// must depend on the observation alone.
    pub fn new(sample: E) -> Self {
        Self(Arc::new(sample))
    }
}

impl<E: Describe> Game for Described<E> {
    type Observation = E::Observation;
    type Action = E::Action;

    fn rules<'a>(&'a self, _: &'a Ask<E::Observation>) -> &'a str {
        self.0.rules()
    }

    fn situation(&self, ask: &Ask<E::Observation>) -> Value {
        let agents = self.0.agents();
        let mut data = json!({
            "step": ask.key.round,
            "observation": self.0.describe(&ask.observation),
        });
        if agents > 1 {
            data["agent"] = json!(ask.key.agent);
            data["agents"] = json!(agents);
        }
        data
    }

    fn action_schema(&self, _: &Ask<E::Observation>) -> Value {
        self.0.action_schema()
    }

    fn read_action(&self, ask: &Ask<E::Observation>, value: &Value) -> Result<E::Action, String> {
        let agent: AgentId = ask.key.agent;
        let read = self.0.read_action(agent, value);
        read.map_err(|error| error.to_string())
    }

    fn neutral_action(&self, ask: &Ask<E::Observation>) -> Option<E::Action> {
        self.0.neutral_action(ask.key.agent)
    }
}
