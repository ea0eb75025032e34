//! Episodes of tracking with a filter in several configurations.

use std::sync::Arc;

use super::config::EkfConfig;
use super::world::EkfWorld;
use crate::coordination::configuration::{Configuration, Configurations};
use crate::coordination::world::{CoordinationFactory, Scene};
use crate::environment::EnvironmentError;
use crate::ids::EpisodeIx;
use crate::streams::RunSeed;

/// Makes worlds of drifting targets; a configuration is a graph.
#[derive(Debug, Clone)]
pub struct EkfFactory {
    config: Arc<EkfConfig>,
    configurations: Configurations,
}

impl EkfFactory {
    /// A factory of valid settings.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming what cannot be.
    pub fn new(
        config: EkfConfig,
        configurations: Vec<Configuration>,
        allow_disconnected: bool,
    ) -> Result<Self, EnvironmentError> {
        config.validate()?;
        Ok(Self {
            configurations: Configurations::new(configurations, config.agents, allow_disconnected)?,
            config: Arc::new(config),
        })
    }
}

impl CoordinationFactory for EkfFactory {
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError> {
        let world = EkfWorld::new(self.config.clone(), seed, episode)?;
        Ok(Scene {
            configuration: self.configurations.of(episode).name.clone(),
            world: Box::new(world),
            graph: self.configurations.graph(seed, episode)?,
        })
    }

    fn horizon(&self) -> u32 {
        self.config.horizon
    }
}
