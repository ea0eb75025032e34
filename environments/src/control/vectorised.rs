//! Many systems of one kind, moved together.

use std::fmt::Debug;
use std::sync::Arc;

use super::actions::Actions;
use super::dynamics::{Columns, Dynamics};
use super::settings::check_count;
use crate::environment::EnvironmentError;
use crate::ids::{AgentId, EpisodeIx, RoundIx};
use crate::streams::{Purpose, RunSeed, StreamKey};

/// What a policy or a data set has to know of an environment.
#[derive(Debug, Clone, PartialEq)]
pub struct Space {
    /// Name of the kind of environment.
    pub name: &'static str,
    /// The numbers of an observation, in order, with their units.
    pub observed: &'static [&'static str],
    /// What can be done.
    pub actions: Actions,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
    /// Minutes that a step takes, or 1 where steps are the only time.
    pub minutes: f64,
}

impl Space {
    /// Numbers in an observation.
    pub fn observation_size(&self) -> usize {
        self.observed.len()
    }

    /// Numbers in an action.
    pub fn action_size(&self) -> usize {
        self.actions.size()
    }
}

/// What a step did to each entity.
///
/// # Shapes
/// `[entities]` each.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stepped<'a> {
    /// Rewards; 0 for an entity that was over before.
    pub rewards: &'a [f64],
    /// Who came to an end of its own, in this step or before.
    pub terminated: &'a [bool],
    /// Who was cut at the limit of steps, in this step or before.
    pub truncated: &'a [bool],
}

/// A control environment of many entities, whatever its equations.
///
/// An entity is a place for an episode: it runs until it is over, then stands still and earns nothing
/// until it is [started](ControlEnvironment::start) again. Steps, starts and looks allocate nothing.
pub trait ControlEnvironment: Debug + Send + Sync {
    /// Sizes, bounds and the limit of steps.
    fn space(&self) -> &Space;

    /// Number of entities.
    fn entities(&self) -> usize;

    /// Puts `entity` at the start of the episode and agent that `key` names; round and purpose of the key
    /// are not used. The same key gives the same start for any entity and any company.
    ///
    /// # Panics
    /// When there is no such entity.
    fn start(&mut self, entity: usize, key: StreamKey);

    /// Ends what `entity` does: it is truncated.
    ///
    /// # Panics
    /// When there is no such entity.
    fn retire(&mut self, entity: usize);

    /// Whether `entity` stands still.
    ///
    /// # Panics
    /// When there is no such entity.
    fn is_over(&self, entity: usize) -> bool;

    /// Steps that `entity` has made since its start.
    ///
    /// # Panics
    /// When there is no such entity.
    fn steps(&self, entity: usize) -> u32;

    /// What all see now.
    ///
    /// # Shapes
    /// `[entities, observation]`, row by row.
    fn observations(&self) -> &[f32];

    /// Moves every entity that is not over.
    ///
    /// # Shapes
    /// `actions`: `[entities, action]`, row by row. The rows of entities that are over are not looked at.
    ///
    /// # Errors
    /// [`EnvironmentError`] naming the entity, as its agent, whose action no system can take; nobody has
    /// moved then.
    fn advance(&mut self, actions: &[f64]) -> Result<Stepped<'_>, EnvironmentError>;

    /// What the last step did; zeros and no flags before the first.
    fn stepped(&self) -> Stepped<'_>;

    /// Further figures of the episode of `entity`, by name.
    ///
    /// # Panics
    /// When there is no such entity.
    fn figures(&self, entity: usize) -> Vec<(&'static str, f64)> {
        let _ = entity;
        Vec::new()
    }
}

/// Systems that share their equations, in a structure of arrays.
///
/// # Shapes
/// States are columns: `[state, entities]`.
#[derive(Debug, Clone)]
pub struct Vectorised<D: Dynamics> {
    dynamics: Arc<D>,
    space: Space,
    columns: Vec<f64>,
    keys: Vec<StreamKey>,
    steps: Vec<u32>,
    observations: Vec<f32>,
    rewards: Vec<f64>,
    returns: Vec<f64>,
    terminated: Vec<bool>,
    truncated: Vec<bool>,
}

impl<D: Dynamics> Vectorised<D> {
    /// As many `entities`, each at the start of the agent of its number in `episode`.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] when a constant is out of its bounds or there is no entity.
    pub fn new(
        dynamics: impl Into<Arc<D>>,
        entities: usize,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self, EnvironmentError> {
        let dynamics = dynamics.into();
        dynamics.validate()?;
        check_count("entities", entities)?;
        let space = Space {
            name: dynamics.name(),
            observed: dynamics.observed(),
            actions: dynamics.actions(),
            step_limit: dynamics.step_limit(),
            minutes: dynamics.minutes(),
        };
        let key = |entity| {
            let agent = AgentId(entity as u32);
            StreamKey::agent(seed, episode, agent, RoundIx(0), Purpose::Truth)
        };
        let mut made = Self {
            columns: vec![0.0; D::State::COUNT * entities],
            keys: (0..entities).map(key).collect(),
            steps: vec![0; entities],
            observations: vec![0.0; space.observation_size() * entities],
            rewards: vec![0.0; entities],
            returns: vec![0.0; entities],
            terminated: vec![false; entities],
            truncated: vec![false; entities],
            dynamics,
            space,
        };
        for entity in 0..entities {
            made.start(entity, made.keys[entity]);
        }
        Ok(made)
    }

    /// The equations and their constants.
    pub fn dynamics(&self) -> &D {
        &self.dynamics
    }

    /// State of an entity.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn state(&self, entity: usize) -> D::State {
        let entities = self.steps.len();
        let mut state = D::State::ZERO;
        for (column, number) in state.numbers_mut().iter_mut().enumerate() {
            *number = self.columns[column * entities + entity];
        }
        state
    }

    /// Puts an entity into a state; its steps and flags stay as they are.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn set_state(&mut self, entity: usize, state: &D::State) {
        let entities = self.steps.len();
        for (column, number) in state.numbers().iter().enumerate() {
            self.columns[column * entities + entity] = *number;
        }
        let size = self.space.observation_size();
        let seen = &mut self.observations[entity * size..][..size];
        self.dynamics.observe(state, seen);
    }

    /// Sum of the rewards of an entity since its start.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn total_reward(&self, entity: usize) -> f64 {
        self.returns[entity]
    }

    /// The first action that no system can take.
    fn check(&self, actions: &[f64]) -> Result<(), EnvironmentError> {
        let (entities, size) = (self.steps.len(), self.space.action_size());
        if actions.len() != entities * size {
            let got = actions.len();
            let why = format!("expected {entities} actions of {size} numbers, got {got} numbers");
            return Err(EnvironmentError::Failed(why));
        }
        for (entity, action) in actions.chunks_exact(size).enumerate() {
            if !self.is_over(entity)
                && let Some(why) = self.space.actions.fault(action)
            {
                let agent = AgentId(entity as u32);
                return Err(EnvironmentError::InvalidAction { agent, why });
            }
        }
        Ok(())
    }
}

impl<D: Dynamics> ControlEnvironment for Vectorised<D> {
    fn space(&self) -> &Space {
        &self.space
    }

    fn entities(&self) -> usize {
        self.steps.len()
    }

    fn start(&mut self, entity: usize, key: StreamKey) {
        let key = StreamKey {
            round: RoundIx(0),
            purpose: Purpose::Truth,
            ..key
        };
        self.keys[entity] = key;
        self.steps[entity] = 0;
        self.rewards[entity] = 0.0;
        self.returns[entity] = 0.0;
        self.terminated[entity] = false;
        self.truncated[entity] = false;
        let state = self.dynamics.start(key);
        self.set_state(entity, &state);
    }

    fn retire(&mut self, entity: usize) {
        self.truncated[entity] = true;
    }

    fn is_over(&self, entity: usize) -> bool {
        self.terminated[entity] || self.truncated[entity]
    }

    fn steps(&self, entity: usize) -> u32 {
        self.steps[entity]
    }

    fn observations(&self) -> &[f32] {
        &self.observations
    }

    fn advance(&mut self, actions: &[f64]) -> Result<Stepped<'_>, EnvironmentError> {
        self.check(actions)?;
        let size = self.space.action_size();
        for (entity, action) in actions.chunks_exact(size).enumerate() {
            if self.is_over(entity) {
                self.rewards[entity] = 0.0;
                continue;
            }
            self.steps[entity] += 1;
            let key = StreamKey {
                round: RoundIx(self.steps[entity]),
                purpose: Purpose::Dynamics,
                ..self.keys[entity]
            };
            let mut state = self.state(entity);
            let moved = self.dynamics.advance(&mut state, action, key);
            self.set_state(entity, &state);
            self.rewards[entity] = moved.reward;
            self.returns[entity] += moved.reward;
            self.terminated[entity] = moved.terminated;
            self.truncated[entity] =
                !moved.terminated && self.steps[entity] >= self.space.step_limit;
        }
        Ok(self.stepped())
    }

    fn stepped(&self) -> Stepped<'_> {
        Stepped {
            rewards: &self.rewards,
            terminated: &self.terminated,
            truncated: &self.truncated,
        }
    }

    fn figures(&self, entity: usize) -> Vec<(&'static str, f64)> {
        self.dynamics.figures(&self.state(entity))
    }
}
