//! Plugins by name, made from tables of the configuration.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::objective::{ExampleMean, TokenMean};
use super::optimizer::{AdamW, AdamWConfig, Sgd, SgdConfig};
use super::{Hook, Objective, Optimizer, TrainError};

/// A plugin in a configuration: its name and its own options beside it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PluginConfig {
    /// Name it is registered under.
    pub name: String,
    /// Options of the plugin.
    #[serde(flatten)]
    pub options: toml::Table,
}

impl PluginConfig {
    /// The plugin called `name` with its default options.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            options: toml::Table::new(),
        }
    }

    /// The options as `T`.
    ///
    /// # Errors
    /// [`TrainError::Plugin`] when they do not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, TrainError> {
        self.options
            .clone()
            .try_into()
            .map_err(|problem: toml::de::Error| TrainError::Plugin {
                plugin: self.name.clone(),
                problem: problem.message().to_owned(),
            })
    }
}

type Makers<T> =
    BTreeMap<String, Box<dyn Fn(&PluginConfig) -> Result<Box<T>, TrainError> + Send + Sync>>;

/// Makers of plugins by stage and name.
///
/// [`Plugins::default`] knows the optimizers `adamw` and `sgd` and the objectives `token_mean` and
/// `example_mean`.
pub struct Plugins {
    optimizers: Makers<dyn Optimizer>,
    objectives: Makers<dyn Objective>,
    hooks: Makers<dyn Hook>,
}

impl Default for Plugins {
    fn default() -> Self {
        let mut plugins = Self {
            optimizers: BTreeMap::new(),
            objectives: BTreeMap::new(),
            hooks: BTreeMap::new(),
        };
        plugins.add_optimizer("adamw", |config| {
            let config: AdamWConfig = config.read()?;
            config.validate()?;
            Ok(Box::new(AdamW::new(config)))
        });
        plugins.add_optimizer("sgd", |config| {
            let config: SgdConfig = config.read()?;
            config.validate()?;
            Ok(Box::new(Sgd::new(config)))
        });
        plugins.add_objective("token_mean", |config| {
            let NoOptions {} = config.read()?;
            Ok(Box::new(TokenMean))
        });
        plugins.add_objective("example_mean", |config| {
            let NoOptions {} = config.read()?;
            Ok(Box::new(ExampleMean))
        });
        plugins
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NoOptions {}

impl Plugins {
    /// Registers an optimizer.
    pub fn add_optimizer(
        &mut self,
        name: &str,
        make: impl Fn(&PluginConfig) -> Result<Box<dyn Optimizer>, TrainError> + Send + Sync + 'static,
    ) {
        self.optimizers.insert(name.to_owned(), Box::new(make));
    }

    /// Registers an objective.
    pub fn add_objective(
        &mut self,
        name: &str,
        make: impl Fn(&PluginConfig) -> Result<Box<dyn Objective>, TrainError> + Send + Sync + 'static,
    ) {
        self.objectives.insert(name.to_owned(), Box::new(make));
    }

    /// Registers a hook.
    pub fn add_hook(
        &mut self,
        name: &str,
        make: impl Fn(&PluginConfig) -> Result<Box<dyn Hook>, TrainError> + Send + Sync + 'static,
    ) {
        self.hooks.insert(name.to_owned(), Box::new(make));
    }

    /// Makes the optimizer of `config`.
    ///
    /// # Errors
    /// [`TrainError::UnknownPlugin`], or what is wrong with its options.
    pub fn optimizer(&self, config: &PluginConfig) -> Result<Box<dyn Optimizer>, TrainError> {
        made("optimizer", &self.optimizers, config)
    }

    /// Makes the objective of `config`.
    ///
    /// # Errors
    /// As [`Plugins::optimizer`].
    pub fn objective(&self, config: &PluginConfig) -> Result<Box<dyn Objective>, TrainError> {
        made("objective", &self.objectives, config)
    }

    /// Makes the hook of `config`.
    ///
    /// # Errors
    /// As [`Plugins::optimizer`].
    pub fn hook(&self, config: &PluginConfig) -> Result<Box<dyn Hook>, TrainError> {
        made("hook", &self.hooks, config)
    }
}

fn made<T: ?Sized>(
    stage: &'static str,
    makers: &Makers<T>,
    config: &PluginConfig,
) -> Result<Box<T>, TrainError> {
    let Some(make) = makers.get(&config.name) else {
        let known: Vec<&str> = makers.keys().map(String::as_str).collect();
        let known = if known.is_empty() {
            "none".to_owned()
        } else {
            known.join(", ")
        };
        return Err(TrainError::UnknownPlugin {
            stage,
            name: config.name.clone(),
            known,
        });
    };
    make(config)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> PluginConfig {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn options_reach_the_plugin_and_typing_errors_are_told() {
        let plugins = Plugins::default();
        assert_eq!(
            plugins
                .optimizer(&config("name = 'sgd'\nmomentum = 0.9"))
                .unwrap()
                .slots(),
            1
        );
        assert_eq!(
            plugins.optimizer(&config("name = 'sgd'")).unwrap().slots(),
            0
        );
        let told = |text: &str| plugins.optimizer(&config(text)).err().unwrap().to_string();
        assert!(told("name = 'sgd'\nmomentun = 0.9").contains("momentun"));
        assert!(told("name = 'sgd'\nmomentum = 1.5").contains("optimizer.momentum"));
        assert_eq!(
            told("name = 'lion'"),
            "no optimizer is called \"lion\"; known: adamw, sgd"
        );
        assert!(
            plugins
                .objective(&config("name = 'token_mean'\nx = 1"))
                .is_err()
        );
        assert!(plugins.hook(&PluginConfig::named("x")).is_err());
    }
}
