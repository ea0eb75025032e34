//! The contract of environments that move in steps.
//!
//! An environment of this kind has a fixed number of agents; in each step all of them act at
//! once. Environments with a richer protocol (the clinic) bring systems of their own.

use serde_json::Value;

use crate::ids::{AgentId, EpisodeIx};
use crate::streams::RunSeed;

/// What one step did.
#[derive(Debug, Clone, PartialEq)]
pub struct StepOutcome {
    /// Reward of each agent, in agent order.
    pub rewards: Vec<f64>,
    /// The episode ended by its own rules.
    pub terminated: bool,
    /// Minutes (or steps) that passed.
    pub minutes: f64,
}

/// Why an environment refused an action or failed.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The action is not one that the environment takes.
    #[error("action of agent {agent} is not allowed: {why}")]
    InvalidAction {
        /// Who acted.
        agent: AgentId,
        /// What was expected.
        why: String,
    },
    /// A setting that the environment does not have, or a value that it does not take.
    #[error("setting {key}: {why}")]
    Setting {
        /// Name of the setting.
        key: String,
        /// What was expected.
        why: String,
    },
    /// Anything else; the episode ends as failed.
    #[error("{0}")]
    Failed(String),
}

/// The truth of one episode and its dynamics.
pub trait Environment: Send + Sync + 'static {
    /// What one agent sees.
    type Observation: Clone + Send + Sync + 'static;
    /// What one agent does.
    type Action: Clone + Send + Sync + 'static;

    /// Number of agents, fixed for the episode.
    fn agents(&self) -> usize;

    /// What `agent` sees now.
    fn observe(&self, agent: AgentId) -> Self::Observation;

    /// Applies the joint action, one action for each agent in agent order.
    ///
    /// # Errors
    /// [`EnvironmentError`] when an action is not allowed; the episode then ends as failed.
    fn step(&mut self, actions: &[Self::Action]) -> Result<StepOutcome, EnvironmentError>;

    /// The action as the event log and the tables keep it.
    fn action_value(&self, action: &Self::Action) -> Value;

    /// Metrics of the finished episode, by name.
    fn metrics(&self) -> Vec<(&'static str, f64)> {
        Vec::new()
    }

    /// Sets a value at run time (`[[timeline]]` of a scenario).
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] when there is no such setting.
    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        let _ = value;
        Err(EnvironmentError::Setting {
            key: key.to_owned(),
            why: "this environment has no settings that change at run time".to_owned(),
        })
    }
}

/// Makes the environment of each episode.
pub trait EnvironmentFactory: Send + Sync + 'static {
    /// What it makes.
    type Environment: Environment;

    /// The environment of `episode`, drawn from the streams of `seed` alone.
    ///
    /// # Errors
    /// [`EnvironmentError`] when the episode cannot be made; it then counts as failed.
    fn reset(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self::Environment, EnvironmentError>;
}

/// An environment that can be put in words, so that a language model, a process or a person can
/// play it.
pub trait Describe: Environment {
    /// What the environment is about and what its agents want, for one who knows this text alone.
    fn rules(&self) -> &str {
        ""
    }

    /// The observation in words.
    fn describe(&self, observation: &Self::Observation) -> String;

    /// JSON schema of an action.
    fn action_schema(&self) -> Value;

    /// Reads an action from JSON of that schema.
    ///
    /// # Errors
    /// [`EnvironmentError::InvalidAction`] with what was expected.
    fn read_action(&self, agent: AgentId, value: &Value) -> Result<Self::Action, EnvironmentError>;
    /// What an agent does whose choice could not be read, where there is such an action; without one
    /// its episode fails.
    fn neutral_action(&self, agent: AgentId) -> Option<Self::Action> {
        let _ = agent;
        None
    }
}
