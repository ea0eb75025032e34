//! From a scenario to agents on a graph.

use std::path::Path;
use std::sync::Arc;

use bevy_app::App;
use rounds_agents::coordination::CoordinationPlugin;
use rounds_environments::coordination::area::{AreaConfig, AreaFactory};
use rounds_environments::coordination::ekf::{EkfConfig, EkfFactory, Sensor};
use rounds_environments::coordination::objectives::{Criterion, Score, TableObjective, TableSpec};
use rounds_environments::coordination::tracking::{Mix, TrackingConfig, TrackingFactory};
use rounds_environments::coordination::{
    Configuration, CoordinationFactory, Density, GraphKind, Motion, Objective, RepeatedFactory,
    read_edges, read_weights,
};
use rounds_environments::text::json_fault;
use rounds_policies::coordination::Method;
use serde_json::json;

use super::method::{choosing, method_of, yardstick};
use super::score::{CoordinationScore, SCORER};
use crate::hash::sha256;
use crate::run::{Experiment, Manifest, RunError};
use crate::schema::{
    Arm, ConfigurationSpec, CoordinationFamily, CoordinationSpec, GraphSpec, GraphSpecKind,
    InformationSpec, MotionSpec, ScenarioSet, ScoreSpec, WorldSpec,
};
use crate::speech::{Cassette, Speakers};

/// Agents of a scenario that are ready to run.
pub struct BuiltCoordination {
    /// What is run.
    pub experiment: Experiment,
    /// How large its world is, in words.
    pub size: String,
    /// The method with its settings; `None` where a language model is asked.
    pub method: Option<Method>,
}

/// Builds the agents of one arm.
///
/// # Errors
/// [`RunError::Input`] when a setting, or a file that the scenario names, cannot be used.
pub fn build(
    set: &ScenarioSet,
    arm: &Arm,
    family: &CoordinationFamily,
    cassette: &Cassette,
) -> Result<BuiltCoordination, RunError> {
    let scenario = &arm.scenario;
    let spec = &family.environment;
    let policy = family
        .policies
        .get(&family.policy)
        .ok_or_else(|| RunError::Input(format!("there is no policy {:?}", family.policy)))?;
    let mut data = json!({ "scorer": SCORER });
    let speakers = Speakers::new(&scenario.models, cassette);
    let choosing = choosing(policy, &speakers, &mut data)?;
    let (factory, agents) = factory(spec, scenario.limits.rounds)?;
    let plugin = CoordinationPlugin {
        factory: Arc::clone(&factory),
        choosing,
        yardstick: yardstick(spec.regret),
        picture_every: spec.picture_every,
    };
    plugin
        .check()
        .map_err(|why| RunError::Input(format!("arm {}: {why}", arm.name)))?;
    let configurations = spec.configurations.len() as u32;
    if let WorldSpec::Objective { file } = &spec.world {
        data["objective"] = sha256(read(file)?).into();
    }
    let manifest = Manifest {
        data,
        ..Manifest::new(
            &scenario.name,
            &arm.name,
            scenario.seed.0,
            scenario.episodes.unwrap_or(configurations).max(1),
            set.resolved_toml.clone(),
            set.hash.clone(),
        )
    };
    Ok(BuiltCoordination {
        method: method_of(policy),
        size: format!("{agents} agents, {} rounds", factory.horizon()),
        experiment: Experiment {
            manifest,
            in_flight: match policy.model() {
                Some(_) => scenario.limits.in_flight.max(1) as usize,
                None => 1,
            },
            install: Arc::new(move |app: &mut App| {
                app.add_plugins(plugin.clone());
            }),
            score: Arc::new(CoordinationScore),
            limits: arm.scenario.limits.hard,
        },
    })
}

fn read(file: &Path) -> Result<String, RunError> {
    std::fs::read_to_string(file).map_err(RunError::file(file, "cannot be read"))
}

/// What makes the scenes, and the number of agents.
fn factory(
    spec: &CoordinationSpec,
    horizon: u32,
) -> Result<(Arc<dyn CoordinationFactory>, usize), RunError> {
    let allow = spec.allow_disconnected;
    let of = |agents: u32| configurations(spec, agents as usize, |_| ());
    Ok(match &spec.world {
        WorldSpec::Tracking {
            motion: moving,
            score,
            epsilon,
            covered_within,
            target_speeds,
            segments,
            flee_within,
            flee_seconds,
            flee_speed,
        } => {
            let config = TrackingConfig {
                agents: moving.agents as usize,
                targets: moving.targets as usize,
                horizon,
                motion: motion(moving),
                start_radius: moving.start_radius,
                covered_radius: *covered_within,
                score: match score {
                    ScoreSpec::Bounded => Score::Bounded,
                    ScoreSpec::Reciprocal => Score::Reciprocal { eps: *epsilon },
                },
                target_speeds: *target_speeds,
                pieces: segments.clone(),
                flee_distance: *flee_within,
                flee_s: *flee_seconds,
                flee_speed: *flee_speed,
            };
            let mixes = configurations(spec, config.agents, |one| {
                let [random, adversarial, polyline] = one.mix;
                Mix {
                    random,
                    adversarial,
                    polyline,
                }
            })?;
            let agents = config.agents;
            let made = TrackingFactory::new(config, mixes, allow).map_err(fault)?;
            (Arc::new(made), agents)
        }
        WorldSpec::Ekf {
            motion: moving,
            objective,
            drift,
            range_noise: [range_noise, range_noise_slope],
            bearing_noise,
            prior_variance,
            mean_error_variance,
            least_range,
        } => {
            let config = EkfConfig {
                agents: moving.agents as usize,
                targets: moving.targets as usize,
                horizon,
                motion: motion(moving),
                start_radius: moving.start_radius,
                drift: *drift,
                prior_variance: *prior_variance,
                mean_error_variance: *mean_error_variance,
                sensor: Sensor {
                    range_noise: *range_noise,
                    range_noise_slope: *range_noise_slope,
                    bearing_noise_rad: *bearing_noise,
                    least_range: *least_range,
                },
                criterion: match objective {
                    InformationSpec::AOptimal => Criterion::AOptimal,
                    InformationSpec::LogDet => Criterion::LogDet,
                },
            };
            let agents = config.agents;
            let made = EkfFactory::new(config, of(moving.agents)?, allow).map_err(fault)?;
            (Arc::new(made), agents)
        }
        WorldSpec::Coverage {
            agents,
            actions,
            cells,
            sensing_radius,
            reach,
        } => {
            let config = AreaConfig {
                agents: *agents as usize,
                actions: *actions as usize,
                reach: *reach,
                sensor_radius: *sensing_radius,
                cells: *cells as usize,
                horizon,
            };
            let made = AreaFactory::new(config, of(*agents)?, allow).map_err(fault)?;
            (Arc::new(made), *agents as usize)
        }
        WorldSpec::Objective { file } => {
            let objective = table(file)?;
            let agents = objective.ground().agents();
            let graphs = configurations(spec, agents, |_| ())?;
            let made = RepeatedFactory::new(Arc::new(objective), horizon, graphs, allow);
            (Arc::new(made.map_err(fault)?), agents)
        }
    })
}

/// The set function of a file of values.
///
/// # Errors
/// [`RunError::Damaged`] when the file is none.
pub(crate) fn table(file: &Path) -> Result<TableObjective, RunError> {
    let damaged = |line: Option<u64>, why: String| RunError::Damaged {
        path: file.to_owned(),
        line,
        why,
    };
    let spec: TableSpec = serde_json::from_str(&read(file)?)
        .map_err(|error| damaged(Some(error.line() as u64), json_fault(&error)))?;
    TableObjective::new(&spec).map_err(|error| damaged(None, error.to_string()))
}

fn fault(error: impl std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

fn motion(spec: &MotionSpec) -> Motion {
    Motion {
        speeds: spec.speeds.clone(),
        headings: spec.headings,
        dt_s: spec.dt,
    }
}

fn configurations<M>(
    spec: &CoordinationSpec,
    agents: usize,
    mix: impl Fn(&ConfigurationSpec) -> M,
) -> Result<Vec<Configuration<M>>, RunError> {
    let all = spec.configurations.iter();
    all.map(|one| {
        Ok(Configuration {
            name: one.name.clone(),
            graph: graph(&one.graph, agents)?,
            mix: mix(one),
        })
    })
    .collect()
}

/// The graph of a configuration over `agents`.
///
/// # Errors
/// [`RunError::Input`] when its file cannot be read.
pub(crate) fn graph(one: &GraphSpec, agents: usize) -> Result<GraphKind, RunError> {
    let file = one.file.as_deref().unwrap_or(Path::new(""));
    Ok(match one.kind {
        GraphSpecKind::Complete => GraphKind::Complete,
        GraphSpecKind::ErdosRenyi => GraphKind::ErdosRenyi {
            density: Density::MeanDegree(one.mean_degree),
        },
        GraphSpecKind::Ring => GraphKind::Ring,
        GraphSpecKind::Grid => GraphKind::Grid,
        GraphSpecKind::Star => GraphKind::Star,
        GraphSpecKind::Path => GraphKind::Path,
        GraphSpecKind::Edges => read_edges(file, agents).map_err(fault)?,
        GraphSpecKind::Weights => read_weights(file, agents).map_err(fault)?,
    })
}
