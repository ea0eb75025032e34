//! The tables `[models.NAME]` of trajectory models.

use std::path::PathBuf;

use rounds_environments::control::data::SamplerConfig;
use rounds_models::training::{PluginConfig, Plugins, Schedule, TrainConfig, TrainError};
use rounds_models::trajectory::{Architecture, TrajectoryConfig, TrajectoryError};
use serde::Serialize;

use crate::schema::diagnostics::ProblemKind;
use crate::schema::document::Data;
use crate::schema::paths::PathKind;
use crate::schema::reader::TableReader;
use crate::schema::typed::{note, typed};

/// How a trajectory model is trained.
pub type LearnerTraining = TrainConfig<SamplerConfig>;

/// A trajectory model that is trained when it is not there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LearnerSpec {
    /// The model; numbers in an observation and an action are those of the environment.
    #[serde(flatten)]
    pub model: TrajectoryConfig,
    /// A file of trained weights, which then are not trained; with one of ours nothing else need be told.
    pub weights: Option<PathBuf>,
    /// The folder in which trained models are kept; none are kept where it is missing.
    pub keep: Option<PathBuf>,
    /// How it is trained.
    pub training: LearnerTraining,
}

/// Reads the keys beside `kind`.
pub(in crate::schema) fn read_learner(table: &mut TableReader<'_>) -> Option<LearnerSpec> {
    const OTHERS: [&str; 6] = [
        "kind",
        "keep",
        "weights",
        "training",
        "observation",
        "action",
    ];
    for key in ["observation", "action"] {
        if table.content().contains_key(key) {
            let why = "the environment says how many numbers there are";
            note(table, key, ProblemKind::NotAllowed, why);
        }
    }
    let keep = table.string("keep").and_then(|text| {
        let entry = table.entry("keep")?;
        Some(entry.value.origin.resolve(&text))
    });
    let weights = table.path("weights", PathKind::File);
    let named = table
        .content()
        .get("architecture")
        .map(|entry| entry.value.json());
    let architecture = named.and_then(|name| serde_json::from_value(name).ok());
    let default = TrajectoryConfig::published(architecture.unwrap_or(Architecture::Dt));
    let model = typed(table, &default, &OTHERS, |config| {
        config.validate().map_err(|error| match error {
            TrajectoryError::Setting { field, got, want } => {
                (field.to_owned(), format!("expected {want}, got {got}"))
            }
            other => (String::new(), other.to_string()),
        })
    });
    let training = match table.table("training") {
        Some(table) => read_training(&table),
        None => Some(defaults(PUBLISHED_STEPS)),
    };
    Some(LearnerSpec {
        model: model?,
        weights,
        keep,
        training: training?,
    })
}

/// Steps of the published trainings.
const PUBLISHED_STEPS: u64 = 100_000;

/// The published settings, with a warm-up of the same share of the steps.
///
/// # Source
/// Trajectory card, section 4.3.
fn defaults(steps: u64) -> LearnerTraining {
    TrainConfig {
        steps,
        micro_batch: 64,
        learning_rate: 1e-4,
        weight_decay: 1e-4,
        clip: 0.25,
        schedule: Schedule::Constant { warmup: steps / 10 },
        optimizer: PluginConfig::named("adamw"),
        ..TrainConfig::default()
    }
}

fn read_training(table: &TableReader<'_>) -> Option<LearnerTraining> {
    for key in ["seed", "lora"] {
        if table.content().contains_key(key) {
            let why = match key {
                "seed" => "each repeat has a seed of its own, made of that of the scenario",
                _ => "trajectory models have no adapters",
            };
            note(table, key, ProblemKind::NotAllowed, why);
        }
    }
    for key in ["context", "max_ep_len"] {
        let path = format!("data.{key}");
        if table
            .content()
            .get("data")
            .is_some_and(|data| holds(&data.value.data, key))
        {
            let why = "a row is what the model sees: set it for the model";
            note(table, &path, ProblemKind::NotAllowed, why);
        }
    }
    let steps = table.content().get("steps").map(|entry| entry.value.json());
    let steps = steps.and_then(|steps| steps.as_u64());
    let default = defaults(steps.unwrap_or(PUBLISHED_STEPS));
    typed(table, &default, &["seed", "lora"], |config| {
        let told = |error| match error {
            TrainError::Config { key, want, got } => (key, format!("expected {want}, got {got}")),
            error => (String::new(), error.to_string()),
        };
        config.validate().map_err(told)?;
        let floor = config.data.std_floor;
        if !(floor >= 0.0 && floor.is_finite()) {
            let why = format!("expected a number of at least 0, got {floor}");
            return Err(("data.std_floor".to_owned(), why));
        }
        // Who makes them says which there are, so that a wrong name is found before anything is played.
        let plugins = Plugins::default();
        let of = |key: &str| {
            let key = key.to_owned();
            move |error: TrainError| match told(error) {
                (inner, why) if inner.is_empty() => (key, why),
                own => own,
            }
        };
        plugins
            .optimizer(&config.optimizer)
            .map_err(of("optimizer"))?;
        plugins
            .objective(&config.objective)
            .map_err(of("objective"))?;
        for hook in &config.hooks {
            plugins.hook(hook).map_err(of("hooks"))?;
        }
        Ok(())
    })
}

fn holds(data: &Data, key: &str) -> bool {
    matches!(data, Data::Table(table) if table.contains_key(key))
}
