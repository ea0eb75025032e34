//! Settings of area coverage, and its episodes.

use serde::{Deserialize, Serialize};

use super::world::AreaWorld;
use crate::coordination::configuration::{Configuration, Configurations};
use crate::coordination::motion::{check_count, check_number, check_size, refused};
use crate::coordination::world::{CoordinationFactory, Scene};
use crate::environment::EnvironmentError;
use crate::ids::EpisodeIx;
use crate::streams::RunSeed;

/// Settings of area coverage, lengths in sides of the square; the defaults are inferred.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AreaConfig {
    /// Number of agents, `n`.
    pub agents: usize,
    /// Places where an agent can look, `kappa`.
    pub actions: usize,
    /// How far from an agent those places are at most.
    pub reach: f64,
    /// Radius of what is seen around such a place.
    pub sensor_radius: f64,
    /// Cells along each side of the square.
    pub cells: usize,
    /// Rounds of an episode, `T`.
    pub horizon: u32,
}

impl Default for AreaConfig {
    fn default() -> Self {
        Self {
            agents: 20,
            actions: 10,
            reach: 0.2,
            sensor_radius: 0.12,
            cells: 50,
            horizon: 500,
        }
    }
}

impl AreaConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_count("agents", self.agents)?;
        check_count("actions", self.actions)?;
        check_count("horizon", self.horizon as usize)?;
        check_number("reach", self.reach, 0.0, false)?;
        check_number("sensor_radius", self.sensor_radius, 0.0, true)?;
        if !(1..=1000).contains(&self.cells) {
            let why = format!("expected 1 to 1000, got {}", self.cells);
            return Err(refused("cells", why));
        }
        let side = (2.0 * self.sensor_radius).min(1.0) * self.cells as f64;
        let seen = (side + 1.0) as usize;
        check_size(&[self.agents, self.actions, seen, seen])
    }
}

/// Makes area worlds; a configuration is a graph.
#[derive(Debug, Clone)]
pub struct AreaFactory {
    config: AreaConfig,
    configurations: Configurations,
}

impl AreaFactory {
    /// A factory of valid settings.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming what cannot be.
    pub fn new(
        config: AreaConfig,
        configurations: Vec<Configuration>,
        allow_disconnected: bool,
    ) -> Result<Self, EnvironmentError> {
        config.validate()?;
        Ok(Self {
            configurations: Configurations::new(configurations, config.agents, allow_disconnected)?,
            config,
        })
    }
}

impl CoordinationFactory for AreaFactory {
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError> {
        Ok(Scene {
            configuration: self.configurations.of(episode).name.clone(),
            world: Box::new(AreaWorld::new(&self.config, seed, episode)?),
            graph: self.configurations.graph(seed, episode)?,
        })
    }

    fn horizon(&self) -> u32 {
        self.config.horizon
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_refused() {
        let good = AreaConfig::default();
        assert!(good.validate().is_ok());
        let bad = [
            AreaConfig {
                agents: 0,
                ..good.clone()
            },
            AreaConfig {
                actions: 0,
                ..good.clone()
            },
            AreaConfig {
                cells: 0,
                ..good.clone()
            },
            AreaConfig {
                horizon: 0,
                ..good.clone()
            },
            AreaConfig {
                sensor_radius: 0.0,
                ..good.clone()
            },
            AreaConfig {
                reach: f64::NAN,
                ..good
            },
        ];
        for config in bad {
            assert!(config.validate().is_err(), "{config:?}");
        }
    }
}
