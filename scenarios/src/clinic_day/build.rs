//! From a scenario to clinic days.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::clinic_day::{ClinicDayPlugin, DayPlan};
use rounds_environments::clinic::knowledge::{Knowledge, Noise};
use serde_json::json;

use super::score::{ClinicDayScore, SCORER};
use crate::clinic::NOTICE;
use crate::coordination::{choosing, graph, yardstick};
use crate::hash::sha256_of;
use crate::run::{Experiment, Manifest, RunError};
use crate::schema::{Arm, ClinicDayFamily, ClinicDaySpec, ScenarioSet};
use crate::speech::{Cassette, Speakers};

/// Clinic days of a scenario that are ready to run.
pub struct BuiltClinicDay {
    /// What is run.
    pub experiment: Experiment,
    /// How large its world is, in words.
    pub size: String,
}

/// Builds the days of one arm.
///
/// # Errors
/// [`RunError::Input`] when a setting, or a file that the scenario names, cannot be used.
pub fn build(
    set: &ScenarioSet,
    arm: &Arm,
    family: &ClinicDayFamily,
    cassette: &Cassette,
) -> Result<BuiltClinicDay, RunError> {
    let scenario = &arm.scenario;
    let spec = &family.environment;
    let policy = family
        .policies
        .get(&family.policy)
        .ok_or_else(|| RunError::Input(format!("there is no policy {:?}", family.policy)))?;
    let knowledge = match &spec.knowledge {
        Some(path) => Knowledge::load(path).map_err(|e| RunError::Input(e.to_string()))?,
        None => Knowledge::builtin(),
    };
    let mut data = json!({
        "scorer": SCORER,
        "knowledge": knowledge.name(),
        "conditions": knowledge.conditions().len(),
        "findings": knowledge.findings().len(),
    });
    let speakers = Speakers::new(&scenario.models, cassette);
    let plugin = ClinicDayPlugin {
        plans: plans(spec, &knowledge)?,
        choosing: choosing(policy, &speakers, &mut data)?,
        yardstick: yardstick(spec.regret),
        at_beds: None,
    };
    plugin
        .check(scenario.seed)
        .map_err(|why| RunError::Input(format!("arm {}: {why}", arm.name)))?;
    if let Some(path) = &spec.knowledge {
        let hash = sha256_of(path).map_err(|(path, source)| RunError::File {
            path,
            what: "cannot be read",
            source,
        })?;
        data["sha256"] = json!(hash);
    }
    let configurations = spec.configurations.len() as u32;
    let manifest = Manifest {
        data,
        notice: NOTICE.to_owned(),
        ..Manifest::new(
            &scenario.name,
            &arm.name,
            scenario.seed.0,
            scenario.episodes.unwrap_or(configurations).max(1),
            set.resolved_toml.clone(),
            set.hash.clone(),
        )
    };
    Ok(BuiltClinicDay {
        size: size(spec),
        experiment: Experiment {
            manifest,
            in_flight: match policy.model() {
                Some(_) => scenario.limits.in_flight.max(1) as usize,
                None => 1,
            },
            install: Arc::new(move |app: &mut App| {
                app.add_plugins(plugin.clone());
            }),
            score: Arc::new(ClinicDayScore),
            limits: arm.scenario.limits.hard,
        },
    })
}

fn plans(spec: &ClinicDaySpec, knowledge: &Arc<Knowledge>) -> Result<Vec<DayPlan>, RunError> {
    let all = spec.configurations.iter();
    all.map(|one| {
        Ok(DayPlan {
            name: one.name.clone(),
            config: Arc::new(one.day.clone()),
            patients: Arc::clone(knowledge),
            noise: Noise {
                unknown: one.noise.unknown,
                flipped: one.noise.flipped,
            },
            knowledge: Arc::clone(knowledge),
            bedside: one.bedside.clone(),
            graph: graph(&one.graph, one.day.staff as usize)?,
            allow_disconnected: spec.allow_disconnected,
            deterioration: None,
        })
    })
    .collect()
}

fn size(spec: &ClinicDaySpec) -> String {
    let first = spec.configurations.first();
    let (beds, staff) = first.map_or((0, 0), |one| (one.day.beds, one.day.staff));
    match spec.configurations.len() {
        1 => format!("{beds} beds, {staff} specialists"),
        n => format!("{beds} beds, {staff} specialists, {n} configurations"),
    }
}
