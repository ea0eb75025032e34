//! A world with one population.

use std::marker::PhantomData;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::ids::{AgentId, EpisodeIx};
use rounds_environments::space::{Space, SpaceError};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::model::PopulationModel;
use super::step::{Agent, At, Course, Mirror, step};
use crate::engine::{Phase, Tick, built, tick_schedule};

/// Why a population cannot begin or go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PopulationError {
    /// The model could not place its agents.
    #[error("the population cannot begin")]
    Populate(#[source] SpaceError),
    /// Two systems conflict without an order between them.
    #[error("the schedule cannot be built: {0}")]
    Schedule(String),
    /// An agent did what cannot be done.
    #[error("step {step}, agent {agent} in its turn")]
    Act {
        /// Who.
        agent: AgentId,
        /// The step, from 1.
        step: u32,
        /// What it did.
        #[source]
        source: SpaceError,
    },
    /// A system put an agent where it cannot be.
    #[error("before step {step}, place of agent {agent}")]
    Moved {
        /// Who.
        agent: AgentId,
        /// The step, from 1.
        step: u32,
        /// What is wrong with the place.
        #[source]
        source: SpaceError,
    },
    /// An entity bears an id that no agent has.
    #[error("before step {step}: expected ids of agents below {expected}, got {agent}")]
    Stranger {
        /// The id.
        agent: AgentId,
        /// The step, from 1.
        step: u32,
        /// Agents of the population.
        expected: usize,
    },
    /// Entities of agents were spawned or despawned, or agents were added to the space.
    #[error("step {step}: expected an entity for each of {expected} agents, got {got}")]
    Entities {
        /// The step, from 1.
        step: u32,
        /// Agents of the population.
        expected: usize,
        /// Entities of agents.
        got: usize,
    },
}

/// A population in a world of its own.
///
/// # Determinism
/// Same model, same seed: the same course. The start is drawn from round 0 of the stream of the
/// seed, each step from a round of its own.
pub struct Population<M: PopulationModel> {
    world: World,
    model: PhantomData<M>,
}

impl<M: PopulationModel> Population<M> {
    /// Places the agents of `model` and makes their entities.
    ///
    /// # Errors
    /// [`PopulationError::Populate`] when they cannot be placed.
    pub fn new(model: M, seed: RunSeed) -> Result<Self, PopulationError> {
        Self::build(model, seed, None::<fn(&mut App)>)
    }

    /// The same with further systems in the phases of [`Tick`], which read and change the components
    /// of agents: agents act in [`Phase::Act`].
    ///
    /// # Errors
    /// Those of [`new`](Self::new), and [`PopulationError::Schedule`] when systems conflict without an
    /// order between them.
    pub fn with(model: M, seed: RunSeed, systems: impl Plugin) -> Result<Self, PopulationError> {
        Self::build(model, seed, Some(systems))
    }

    fn build(
        model: M,
        seed: RunSeed,
        systems: Option<impl Plugin>,
    ) -> Result<Self, PopulationError> {
        let mut stream = StreamKey::episode(seed, EpisodeIx(0), Purpose::Dynamics).open();
        let space = model
            .populate(&mut stream)
            .map_err(PopulationError::Populate)?;
        let mut app = App::empty();
        app.add_schedule(tick_schedule());
        app.add_systems(Tick, step::<M>.in_set(Phase::Act));
        app.world_mut()
            .spawn_batch((0..space.agents() as u32).map(AgentId).map(|agent| {
                let (place, state) = (space.place(agent), space.state(agent).clone());
                (Agent(agent), At(place), state)
            }));
        let course = Course::new(model, seed, space.agents(), systems.is_some());
        app.insert_resource(course).insert_resource(Mirror(space));
        if let Some(systems) = systems {
            app.add_plugins(systems);
        }
        Ok(Self {
            world: built(app).map_err(PopulationError::Schedule)?,
            model: PhantomData,
        })
    }

    /// Lets every agent act once.
    ///
    /// # Errors
    /// [`PopulationError`] when an agent cannot act, or the entities do not fit the population any
    /// more; entities and space are equal all the same.
    pub fn step(&mut self) -> Result<(), PopulationError> {
        self.world.run_schedule(Tick);
        let failure = self.world.resource_mut::<Course<M>>().failure.take();
        failure.map_or(Ok(()), Err)
    }

    /// Makes `steps` steps.
    ///
    /// # Errors
    /// Those of [`step`](Self::step).
    pub fn run(&mut self, steps: u32) -> Result<(), PopulationError> {
        (0..steps).try_for_each(|_| self.step())
    }

    /// Makes `steps` steps, with a `look` at the population before the first and after each.
    ///
    /// # Errors
    /// Those of [`step`](Self::step).
    pub fn watch(
        &mut self,
        steps: u32,
        mut look: impl FnMut(&Self),
    ) -> Result<(), PopulationError> {
        look(self);
        (0..steps).try_for_each(|_| {
            self.step()?;
            look(self);
            Ok(())
        })
    }

    /// Steps that were begun.
    pub fn steps(&self) -> u32 {
        self.world.resource::<Course<M>>().steps
    }

    /// The ids of all agents.
    pub fn agents(&self) -> impl Iterator<Item = AgentId> + use<M> {
        (0..self.space().agents() as u32).map(AgentId)
    }

    /// The rules.
    pub fn model(&self) -> &M {
        &self.world.resource::<Course<M>>().model
    }

    /// The space as the agents left it.
    pub fn space(&self) -> &M::Space {
        &self.world.resource::<Mirror<M::Space>>().0
    }

    /// The world with the entities of the agents.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The same, to be changed: components of agents enter the space with the next step.
    pub fn world_mut(&mut self) -> &mut World {
        self.world.resource_mut::<Course<M>>().exposed = true;
        &mut self.world
    }
}
