//! Bodies as an environment of steps, so that the engine runs them and whoever reads can play them.

use serde_json::Value;

use super::config::MujocoConfig;
use super::many::Mujoco;
use super::simulation::Simulation;
use crate::control::played::{Seen, look, means, step, told};
use crate::control::vectorised::ControlEnvironment;
use crate::environment::{
    Describe, Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
use crate::ids::{AgentId, EpisodeIx};
use crate::streams::RunSeed;

/// Each body has one agent, and the episode ends once all are over.
impl Environment for Mujoco {
    type Observation = Seen;
    type Action = Vec<f64>;

    fn agents(&self) -> usize {
        self.entities()
    }

    fn observe(&self, agent: AgentId) -> Seen {
        look(self, agent)
    }

    fn step(&mut self, actions: &[Vec<f64>]) -> Result<StepOutcome, EnvironmentError> {
        step(self, actions)
    }

    fn action_value(&self, action: &Vec<f64>) -> Value {
        self.space().actions.value(action)
    }

    /// `return`, `steps`, `terminated` (by an end of its own), `unstable` (by a simulation that failed) and `way`
    /// (metres forward), each the mean over bodies.
    fn metrics(&self) -> Vec<(&'static str, f64)> {
        let flag = |holds: bool| f64::from(u8::from(holds));
        means(self.entities(), |entity| {
            vec![
                ("return", self.total_reward(entity)),
                ("steps", f64::from(self.steps(entity))),
                ("terminated", flag(self.stepped().terminated[entity])),
                ("unstable", flag(self.is_unstable(entity))),
                ("way", self.simulation(entity).places()[0]),
            ]
        })
    }
}

impl Describe for Mujoco {
    fn rules(&self) -> &str {
        self.simulation(0).rules()
    }

    fn describe(&self, seen: &Seen) -> String {
        told(self.space(), seen)
    }

    fn action_schema(&self) -> Value {
        self.space().actions.schema()
    }

    fn read_action(&self, agent: AgentId, value: &Value) -> Result<Vec<f64>, EnvironmentError> {
        let read = self.space().actions.read(value);
        read.map_err(|why| EnvironmentError::InvalidAction { agent, why })
    }

    /// No torque.
    fn neutral_action(&self, _: AgentId) -> Option<Vec<f64>> {
        self.space().actions.neutral()
    }
}

/// Makes episodes of as many bodies of one model, which is read once.
#[derive(Debug)]
pub struct MujocoFactory {
    model: Simulation,
    step_limit: u32,
    entities: usize,
}

impl MujocoFactory {
    /// Episodes of `entities` bodies.
    ///
    /// # Errors
    /// Those of [`Simulation::new`].
    pub fn new(config: &MujocoConfig, entities: usize) -> Result<Self, EnvironmentError> {
        Ok(Self {
            model: Simulation::new(config)?,
            step_limit: config.step_limit,
            entities,
        })
    }

    /// So many bodies, each at the start of the agent of its number in `episode`.
    ///
    /// # Errors
    /// Those of [`Mujoco::new`].
    pub fn side_by_side(
        &self,
        entities: usize,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Mujoco, EnvironmentError> {
        Mujoco::of(&self.model, self.step_limit, entities, seed, episode)
    }
}

impl EnvironmentFactory for MujocoFactory {
    type Environment = Mujoco;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Mujoco, EnvironmentError> {
        self.side_by_side(self.entities, seed, episode)
    }
}
