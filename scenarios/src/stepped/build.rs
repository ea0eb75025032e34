//! Arms of an experiment on a step-wise environment.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::engine::Limits;
use rounds_agents::stepped::SteppedPlugin;
use rounds_environments::environment::{Describe, Environment, EnvironmentFactory};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::remembering::RememberingFactory;
use rounds_environments::streams::RunSeed;
use rounds_models::ModelServer;
use rounds_policies::language::{Described, LanguageOptions, LanguagePlayer};
use rounds_policies::policy::{Decider, Policy};
use serde_json::{Map, Value, json};

use super::score::StepScore;
use crate::run::{Experiment, ExperimentArm, Manifest, RunError};

/// Observation of the environments that `F` makes.
type Observation<F> = <<F as EnvironmentFactory>::Environment as Environment>::Observation;
/// Action of the environments that `F` makes.
type Action<F> = <<F as EnvironmentFactory>::Environment as Environment>::Action;

/// What all arms of an experiment on a step-wise environment share.
#[derive(Debug, Clone, PartialEq)]
pub struct Stepped {
    /// Name of the experiment.
    pub name: String,
    /// Seed of every run.
    pub seed: u64,
    /// Episodes of every arm.
    pub episodes: u32,
    /// An episode that has not ended after this many steps is done by the limit.
    pub max_steps: u32,
    /// Episodes in one world at a time; results do not depend on it.
    pub in_flight: usize,
}

impl Default for Stepped {
    fn default() -> Self {
        Self {
            name: "experiment".to_owned(),
            seed: 7,
            episodes: 200,
            max_steps: 1000,
            in_flight: 256,
        }
    }
}

impl Stepped {
    /// An experiment of this name with the defaults.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The arm `name`: the environments of `factory`, for whose agents `policy` decides at once.
    pub fn arm<F: EnvironmentFactory>(
        &self,
        name: &str,
        factory: F,
        policy: impl Policy<Observation<F>, Action<F>> + 'static,
    ) -> ExperimentArm {
        self.arm_with(name, factory, Decider::Direct(Arc::new(policy)))
    }

    /// As [`Stepped::arm`], for a policy that asks a model as well.
    pub fn arm_with<F: EnvironmentFactory>(
        &self,
        name: &str,
        factory: F,
        decider: Decider<Observation<F>, Action<F>>,
    ) -> ExperimentArm {
        let settings = self.settings();
        self.arm_of(name, factory, decider, &settings)
    }

    /// The arm `name`, whose agents the model behind `server` plays: an environment that describes
    /// itself needs nothing else. Agents are shown their own last steps as the options say.
    ///
    /// # Errors
    /// [`RunError::Input`] when no environment can be made to look at.
    pub fn arm_spoken<F>(
        &self,
        name: &str,
        factory: F,
        server: ModelServer,
        options: LanguageOptions,
    ) -> Result<ExperimentArm, RunError>
    where
        F: EnvironmentFactory,
        F::Environment: Describe,
    {
        let length = options.history as usize;
        let factory = RememberingFactory { factory, length };
        let sample = factory.reset(RunSeed(self.seed), EpisodeIx(0));
        let sample = sample.map_err(|error| RunError::Input(format!("arm {name}: {error}")))?;
        let mut settings = self.settings();
        settings["language"] = json!({
            "model": server.name(),
            "prompts": options.spoken.prompts.hash(),
            "temperature": options.spoken.temperature,
            "max_tokens": options.spoken.max_tokens,
            "structured": options.spoken.structured,
            "re_asks": options.re_asks,
            "history": options.history,
            "rules": sample.rules(),
        });
        let player = LanguagePlayer::new(Described::new(sample), options);
        let decider = player.decider(Arc::new(server));
        Ok(self.arm_of(name, factory, decider, &settings))
    }

    fn settings(&self) -> Value {
        json!({
            "name": self.name,
            "seed": self.seed,
            "episodes": self.episodes,
            "max_steps": self.max_steps,
        })
    }

    fn arm_of<F: EnvironmentFactory>(
        &self,
        name: &str,
        factory: F,
        decider: Decider<Observation<F>, Action<F>>,
        settings: &Value,
    ) -> ExperimentArm {
        let factory = Arc::new(factory);
        let max_steps = self.max_steps;
        let install = move |app: &mut App| {
            app.add_plugins(SteppedPlugin {
                factory: Arc::clone(&factory),
                decider: decider.clone(),
                max_steps,
            });
        };
        ExperimentArm {
            name: name.to_owned(),
            settings: Map::new(),
            experiment: Experiment {
                manifest: Manifest::of_settings(
                    &self.name,
                    name,
                    self.seed,
                    self.episodes,
                    settings,
                ),
                in_flight: self.in_flight.max(1),
                install: Arc::new(install),
                score: Arc::new(StepScore),
                limits: Limits::default(),
            },
        }
    }
}
