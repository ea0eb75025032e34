//! From a scenario to clinic days.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use bevy_app::App;
use rounds_agents::clinic_day::{AtBeds, ClinicDayPlugin, DayPlan, Deterioration};
use rounds_environments::clinic::knowledge::{Knowledge, Noise};
use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_policies::policy::PolicyError;
use rounds_policies::trajectory::{Choices, Situation, TrajectoryPolicy};
use serde_json::json;

use super::beds::BedPreparation;
use super::score::{ClinicDayScore, SCORER};
use crate::coordination::{choosing, graph, sent_by, yardstick};
use crate::hash::sha256_of;
use crate::run::{Experiment, Manifest, RunError};
use crate::schema::{
    Arm, BedsSpec, ClinicDayFamily, ClinicDaySpec, CoordinationPolicy, DaySpec, ModelSpec,
    ScenarioSet, TrajectoryPolicySpec,
};
use crate::speech::{Cassette, Speakers};

/// Clinic days of a scenario that are ready to run.
pub struct BuiltClinicDay {
    /// What is run.
    pub experiment: Experiment,
    /// How large its world is, in words.
    pub size: String,
    /// Who gives doses at the beds, where patients deteriorate.
    pub preparation: Option<Arc<BedPreparation>>,
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
    let beds = beds(arm, family, &plugin)?.map(Arc::new);
    let checked = ClinicDayPlugin {
        at_beds: beds.as_ref().map(|_| AtBeds {
            policies: vec![Arc::new(Nobody)],
        }),
        ..plugin.clone()
    };
    checked
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
        ..Manifest::new(
            &scenario.name,
            &arm.name,
            scenario.seed.0,
            scenario.episodes.unwrap_or(configurations).max(1),
            set.resolved_toml.clone(),
            set.hash.clone(),
        )
    };
    let preparation = beds.clone();
    Ok(BuiltClinicDay {
        size: size(spec),
        preparation,
        experiment: Experiment {
            manifest,
            in_flight: match policy.model() {
                Some(_) => scenario.limits.in_flight.max(1) as usize,
                None => 1,
            },
            install: Arc::new(move |app: &mut App| {
                // A fault was told by whoever prepared; without a policy every day fails.
                let at_beds = beds.as_ref().and_then(|beds| beds.get(&mut |_| {}).ok());
                app.add_plugins(ClinicDayPlugin {
                    at_beds: at_beds.cloned(),
                    ..plugin.clone()
                });
            }),
            score: Arc::new(ClinicDayScore),
            limits: arm.scenario.limits.hard,
        },
    })
}

/// Who gives doses at the beds; `None` where nobody deteriorates.
fn beds(
    arm: &Arm,
    family: &ClinicDayFamily,
    plugin: &ClinicDayPlugin,
) -> Result<Option<BedPreparation>, RunError> {
    let Some(stability) = &family.environment.stability else {
        return Ok(None);
    };
    let spec = family.beds.clone().unwrap_or_else(|| BedsSpec {
        policy: None,
        trainings: 1,
        policies: BTreeMap::new(),
        data: None,
    });
    let used = spec
        .policy
        .as_ref()
        .and_then(|name| spec.policies.get(name));
    let learner = match used {
        Some(TrajectoryPolicySpec::Learned { model, .. }) => match arm.scenario.models.get(model) {
            Some(ModelSpec::Trajectory(learner)) => Some((model.clone(), (**learner).clone())),
            _ => return Err(RunError::Input(format!("{model:?} is no trajectory model"))),
        },
        _ => None,
    };
    let mut ward = plugin.clone();
    ward.yardstick = None;
    if let Some(data) = &spec.data
        && let Some(CoordinationPolicy::Method(method)) = family.policies.get(&data.assignment)
    {
        ward.choosing = sent_by(method);
    }
    Ok(Some(BedPreparation {
        ward,
        trainings: spec.trainings,
        spec,
        stability: stability.clone(),
        learner,
        seed: arm.scenario.seed,
        made: OnceLock::new(),
    }))
}

/// Stands at the beds while settings are checked.
#[derive(Debug)]
struct Nobody;

impl TrajectoryPolicy for Nobody {
    fn context_steps(&self) -> usize {
        0
    }

    fn decide(&self, _: &[Situation<'_>], _: &mut Choices<'_>) -> Result<(), PolicyError> {
        Ok(())
    }
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
            deterioration: match &spec.stability {
                Some(stability) => Some(Deterioration {
                    patient: Arc::new(patient(stability, one)?),
                    share: one.deteriorating,
                }),
                None => None,
            },
        })
    })
    .collect()
}

/// The equations of a patient that deteriorates, in steps of a tick of a configuration.
fn patient(stability: &StabiliseConfig, one: &DaySpec) -> Result<Stabilise, RunError> {
    let config = StabiliseConfig {
        step_h: one.day.tick_minutes / 60.0,
        ..stability.clone()
    };
    Stabilise::new(config).map_err(|error| RunError::Input(error.to_string()))
}

fn size(spec: &ClinicDaySpec) -> String {
    let first = spec.configurations.first();
    let (beds, staff) = first.map_or((0, 0), |one| (one.day.beds, one.day.staff));
    match spec.configurations.len() {
        1 => format!("{beds} beds, {staff} specialists"),
        n => format!("{beds} beds, {staff} specialists, {n} configurations"),
    }
}
