//! One set function, round after round.

use std::sync::Arc;

use super::configuration::{Configuration, Configurations};
use super::ground::Ground;
use super::motion::{check_actions, check_count};
use super::objective::Objective;
use super::world::{CoordinationFactory, CoordinationWorld, Scene};
use crate::environment::EnvironmentError;
use crate::ids::{EpisodeIx, RoundIx};
use crate::streams::RunSeed;

/// A world that never changes: the objective of every round is the same.
pub struct Repeated {
    objective: Arc<dyn Objective>,
}

impl Repeated {
    /// A world of this objective.
    pub fn new(objective: Arc<dyn Objective>) -> Self {
        Self { objective }
    }
}

impl CoordinationWorld for Repeated {
    fn ground(&self) -> &Ground {
        self.objective.ground()
    }

    fn reveal(&mut self, _: RoundIx) -> Result<(), EnvironmentError> {
        Ok(())
    }

    fn objective(&self) -> &dyn Objective {
        &*self.objective
    }

    fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError> {
        let ground = self.ground();
        check_actions(actions, ground.agents(), |agent| ground.actions(agent))
    }
}

/// Makes worlds that repeat one objective; a configuration is a graph.
pub struct RepeatedFactory {
    objective: Arc<dyn Objective>,
    configurations: Configurations,
    horizon: u32,
}

impl RepeatedFactory {
    /// A factory of episodes of `horizon` rounds.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming what cannot be.
    pub fn new(
        objective: Arc<dyn Objective>,
        horizon: u32,
        configurations: Vec<Configuration>,
        allow_disconnected: bool,
    ) -> Result<Self, EnvironmentError> {
        check_count("horizon", horizon as usize)?;
        let agents = objective.ground().agents();
        Ok(Self {
            configurations: Configurations::new(configurations, agents, allow_disconnected)?,
            objective,
            horizon,
        })
    }
}

impl CoordinationFactory for RepeatedFactory {
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError> {
        Ok(Scene {
            configuration: self.configurations.of(episode).name.clone(),
            world: Box::new(Repeated::new(self.objective.clone())),
            graph: self.configurations.graph(seed, episode)?,
        })
    }

    fn horizon(&self) -> u32 {
        self.horizon
    }
}
