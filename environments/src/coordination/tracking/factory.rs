//! Tracking episodes in several configurations.

use std::sync::Arc;

use super::config::{Mix, TrackingConfig};
use super::world::TrackingWorld;
use crate::coordination::configuration::{Configuration, Configurations};
use crate::coordination::world::{CoordinationFactory, Scene};
use crate::environment::EnvironmentError;
use crate::ids::EpisodeIx;
use crate::streams::RunSeed;

/// Makes tracking worlds; a configuration is a graph and a mix of targets.
#[derive(Debug, Clone)]
pub struct TrackingFactory {
    config: Arc<TrackingConfig>,
    configurations: Configurations<Mix>,
}

impl TrackingFactory {
    /// A factory of valid settings.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming what cannot be.
    pub fn new(
        config: TrackingConfig,
        configurations: Vec<Configuration<Mix>>,
        allow_disconnected: bool,
    ) -> Result<Self, EnvironmentError> {
        config.validate()?;
        for one in &configurations {
            one.mix.validate()?;
        }
        Ok(Self {
            configurations: Configurations::new(configurations, config.agents, allow_disconnected)?,
            config: Arc::new(config),
        })
    }
}

impl CoordinationFactory for TrackingFactory {
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError> {
        let Configuration { name, mix, .. } = self.configurations.of(episode);
        let world = TrackingWorld::new(self.config.clone(), *mix, seed, episode)?;
        Ok(Scene {
            configuration: name.clone(),
            world: Box::new(world),
            graph: self.configurations.graph(seed, episode)?,
        })
    }

    fn horizon(&self) -> u32 {
        self.config.horizon
    }
}
