//! Many systems of one kind, moved together.

use std::fmt::Debug;
use std::sync::Arc;

use super::actions::Actions;
use super::dynamics::Dynamics;
use super::outcomes::Outcomes;
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

/// An episode of a system.
#[derive(Debug, Clone)]
struct Place<S> {
    state: S,
    key: StreamKey,
    steps: u32,
    total: f64,
}

/// Systems that share their equations.
///
/// A system's numbers lie side by side, since a step needs all of them: in a column each, of a length that is
/// a power of two, they would be in each other's way in the cache.
#[derive(Debug, Clone)]
pub struct Vectorised<D: Dynamics> {
    dynamics: Arc<D>,
    space: Space,
    places: Vec<Place<D::State>>,
    observations: Vec<f32>,
    outcomes: Outcomes,
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
        let place = |entity| {
            let agent = AgentId(entity as u32);
            let key = StreamKey::agent(seed, episode, agent, RoundIx(0), Purpose::Truth);
            Place {
                state: dynamics.start(key),
                key,
                steps: 0,
                total: 0.0,
            }
        };
        let mut made = Self {
            places: (0..entities).map(place).collect(),
            observations: vec![0.0; space.observation_size() * entities],
            outcomes: Outcomes::new(entities),
            dynamics,
            space,
        };
        for entity in 0..entities {
            made.look(entity);
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
        self.places[entity].state
    }

    /// Puts an entity into a state; its steps and flags stay as they are.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn set_state(&mut self, entity: usize, state: &D::State) {
        self.places[entity].state = *state;
        self.look(entity);
    }

    /// Sum of the rewards of an entity since its start.
    ///
    /// # Panics
    /// When there is no such entity.
    pub fn total_reward(&self, entity: usize) -> f64 {
        self.places[entity].total
    }

    fn look(&mut self, entity: usize) {
        let size = self.space.observation_size();
        let seen = &mut self.observations[entity * size..][..size];
        self.dynamics.observe(&self.places[entity].state, seen);
    }
}

impl<D: Dynamics> ControlEnvironment for Vectorised<D> {
    fn space(&self) -> &Space {
        &self.space
    }

    fn entities(&self) -> usize {
        self.places.len()
    }

    fn start(&mut self, entity: usize, key: StreamKey) {
        let key = StreamKey {
            round: RoundIx(0),
            purpose: Purpose::Truth,
            ..key
        };
        self.places[entity] = Place {
            state: self.dynamics.start(key),
            key,
            steps: 0,
            total: 0.0,
        };
        self.outcomes.start(entity);
        self.look(entity);
    }

    fn retire(&mut self, entity: usize) {
        self.outcomes.truncated[entity] = true;
    }

    fn is_over(&self, entity: usize) -> bool {
        self.outcomes.is_over(entity)
    }

    fn steps(&self, entity: usize) -> u32 {
        self.places[entity].steps
    }

    fn observations(&self) -> &[f32] {
        &self.observations
    }

    fn advance(&mut self, actions: &[f64]) -> Result<Stepped<'_>, EnvironmentError> {
        self.outcomes.check(&self.space, actions)?;
        let (seen, done) = (self.space.observation_size(), self.space.action_size());
        let Outcomes {
            rewards,
            terminated,
            truncated,
        } = &mut self.outcomes;
        let outcomes = rewards.iter_mut().zip(terminated).zip(truncated);
        let rows = self.observations.chunks_exact_mut(seen);
        let all = self.places.iter_mut().zip(actions.chunks_exact(done));
        for (((place, action), row), ((reward, terminated), truncated)) in
            all.zip(rows).zip(outcomes)
        {
            if *terminated || *truncated {
                *reward = 0.0;
                continue;
            }
            place.steps += 1;
            let key = StreamKey {
                round: RoundIx(place.steps),
                purpose: Purpose::Dynamics,
                ..place.key
            };
            let moved = self.dynamics.advance(&mut place.state, action, key);
            self.dynamics.observe(&place.state, row);
            place.total += moved.reward;
            *reward = moved.reward;
            *terminated = moved.terminated;
            *truncated = !moved.terminated && place.steps >= self.space.step_limit;
        }
        Ok(self.stepped())
    }

    fn stepped(&self) -> Stepped<'_> {
        self.outcomes.stepped()
    }

    fn figures(&self, entity: usize) -> Vec<(&'static str, f64)> {
        self.dynamics.figures(&self.places[entity].state)
    }
}
