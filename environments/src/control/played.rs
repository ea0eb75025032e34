//! Control as an environment of steps, so that the engine runs it and programs, people and language
//! models can play it.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::Value;

use super::dynamics::Dynamics;
use super::vectorised::{ControlEnvironment, Space, Vectorised};
use crate::environment::{
    Describe, Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
use crate::ids::{AgentId, EpisodeIx};
use crate::streams::RunSeed;

/// What one agent sees of its own system.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Steps made since the start.
    pub step: u32,
    /// Whether its system stands still.
    pub over: bool,
    /// The observation.
    ///
    /// # Shapes
    /// `[observation]`.
    pub numbers: Vec<f32>,
}

/// Each entity has one agent, and the episode ends once all are over.
impl<D: Dynamics> Environment for Vectorised<D> {
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

    /// `return`, `steps` and `terminated` (by an end of its own) and the figures of the kind, each the mean
    /// over entities.
    fn metrics(&self) -> Vec<(&'static str, f64)> {
        means(self.entities(), |entity| {
            let terminated = self.stepped().terminated[entity];
            let mut all = vec![
                ("return", self.total_reward(entity)),
                ("steps", f64::from(self.steps(entity))),
                ("terminated", f64::from(u8::from(terminated))),
            ];
            all.extend(self.figures(entity));
            all
        })
    }
}

impl<D: Dynamics> Describe for Vectorised<D> {
    fn rules(&self) -> &str {
        self.dynamics().rules()
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

    /// The action nearest to nothing, where actions are continuous.
    fn neutral_action(&self, _: AgentId) -> Option<Vec<f64>> {
        self.space().actions.neutral()
    }
}

/// What `agent` sees of its own system.
pub(super) fn look(environment: &impl ControlEnvironment, agent: AgentId) -> Seen {
    let size = environment.space().observation_size();
    Seen {
        step: environment.steps(agent.index()),
        over: environment.is_over(agent.index()),
        numbers: environment.observations()[agent.index() * size..][..size].to_vec(),
    }
}

/// Moves all by one action each.
pub(super) fn step(
    environment: &mut impl ControlEnvironment,
    actions: &[Vec<f64>],
) -> Result<StepOutcome, EnvironmentError> {
    let space = environment.space();
    let minutes = space.minutes;
    if let Some(agent) = actions
        .iter()
        .position(|action| action.len() != space.action_size())
    {
        let why = space.actions.fault(&actions[agent]);
        return Err(EnvironmentError::InvalidAction {
            agent: AgentId(agent as u32),
            why: why.unwrap_or_default(),
        });
    }
    let rewards = environment.advance(&actions.concat())?.rewards.to_vec();
    Ok(StepOutcome {
        rewards,
        terminated: (0..environment.entities()).all(|entity| environment.is_over(entity)),
        minutes,
    })
}

/// The mean over entities of each of their figures, which all have in the same order.
pub(super) fn means(
    entities: usize,
    figures: impl Fn(usize) -> Vec<(&'static str, f64)>,
) -> Vec<(&'static str, f64)> {
    let mut sums: Vec<(&'static str, f64)> = Vec::new();
    for entity in 0..entities {
        for (at, (name, figure)) in figures(entity).into_iter().enumerate() {
            match sums.get_mut(at) {
                Some((_, sum)) => *sum += figure,
                None => sums.push((name, figure)),
            }
        }
    }
    let means = sums.into_iter();
    means
        .map(|(name, sum)| (name, sum / entities as f64))
        .collect()
}

/// What is seen, in words.
pub(super) fn told(space: &Space, seen: &Seen) -> String {
    let limit = space.step_limit;
    let mut text = match seen.over {
        true => format!("It is over after {} of {limit} steps.", seen.step),
        false => format!("Step {} of {limit}.", seen.step + 1),
    };
    for (name, number) in space.observed.iter().zip(&seen.numbers) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n{name}: {number:.4}");
    }
    text
}

/// Makes episodes of as many entities that share their equations.
#[derive(Debug)]
pub struct ControlFactory<D> {
    dynamics: Arc<D>,
    entities: usize,
}

impl<D: Dynamics> ControlFactory<D> {
    /// Episodes of `entities` systems.
    pub fn new(dynamics: D, entities: usize) -> Self {
        Self {
            dynamics: Arc::new(dynamics),
            entities,
        }
    }
}

impl<D: Dynamics> EnvironmentFactory for ControlFactory<D> {
    type Environment = Vectorised<D>;

    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Vectorised<D>, EnvironmentError> {
        Vectorised::new(self.dynamics.clone(), self.entities, seed, episode)
    }
}
