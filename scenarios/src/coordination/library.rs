//! Arms of an experiment on agents that coordinate, for worlds and objectives of one's own.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::coordination::CoordinationPlugin;
use rounds_agents::engine::Limits;
use rounds_environments::coordination::CoordinationFactory;
use rounds_policies::coordination::Method;
use serde_json::{Map, json};

use super::method::{make, yardstick};
use super::score::{CoordinationScore, SCORER};
use crate::run::{Experiment, ExperimentArm, Manifest, RunError};
use crate::schema::RegretSpec;

/// What all arms of an experiment on agents that coordinate share.
#[derive(Debug, Clone, PartialEq)]
pub struct Coordinated {
    /// Name of the experiment.
    pub name: String,
    /// Seed of every run.
    pub seed: u64,
    /// Episodes of every arm.
    pub episodes: u32,
    /// What the utility of a round is measured against.
    pub regret: RegretSpec,
    /// Rounds between two pictures in the log; 0 for none.
    pub picture_every: u32,
}

impl Coordinated {
    /// An experiment of this name: seed 7, 20 episodes, regret against greedy.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            seed: 7,
            episodes: 20,
            regret: RegretSpec::Greedy,
            picture_every: 10,
        }
    }

    /// The arm `name`: the worlds of `factory`, in which agents decide by `method`.
    ///
    /// # Errors
    /// [`RunError::Input`] when the method cannot play the worlds: a setting, or a size.
    pub fn arm(
        &self,
        name: &str,
        factory: &Arc<dyn CoordinationFactory>,
        method: &Method,
    ) -> Result<ExperimentArm, RunError> {
        let plugin = CoordinationPlugin {
            factory: Arc::clone(factory),
            choosing: make(method).into(),
            yardstick: yardstick(self.regret),
            picture_every: self.picture_every,
        };
        plugin
            .check()
            .map_err(|why| RunError::Input(format!("arm {name}: {why}")))?;
        let settings = json!({
            "name": self.name,
            "seed": self.seed,
            "episodes": self.episodes,
            "rounds": factory.horizon(),
            "method": format!("{method:?}"),
            "regret": self.regret,
            "picture_every": self.picture_every,
        });
        let mut manifest =
            Manifest::of_settings(&self.name, name, self.seed, self.episodes, &settings);
        manifest.data = json!({ "scorer": SCORER });
        Ok(ExperimentArm {
            name: name.to_owned(),
            settings: Map::new(),
            experiment: Experiment {
                manifest,
                in_flight: 1,
                install: Arc::new(move |app: &mut App| {
                    app.add_plugins(plugin.clone());
                }),
                score: Arc::new(CoordinationScore),
                limits: Limits::default(),
            },
        })
    }
}
