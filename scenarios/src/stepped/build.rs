//! Arms of an experiment on a step-wise environment.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::engine::Limits;
use rounds_agents::stepped::SteppedPlugin;
use rounds_environments::environment::{Environment, EnvironmentFactory};
use rounds_policies::policy::{Decider, Policy};
use serde_json::{Map, json};

use super::score::StepScore;
use crate::run::{Experiment, ExperimentArm, Manifest};

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
        let settings = json!({
            "name": self.name,
            "seed": self.seed,
            "episodes": self.episodes,
            "max_steps": self.max_steps,
        });
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
                    &settings,
                ),
                in_flight: self.in_flight.max(1),
                install: Arc::new(install),
                score: Arc::new(StepScore),
                limits: Limits::default(),
            },
        }
    }
}
