//! From a scenario to agents in control environments.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::trajectory::TrajectoryPlugin;
use serde_json::json;

use super::environment::{maker, space};
use super::played::{Spoken, begun, spoken};
use super::preparation::Preparation;
use super::score::{SCORER, TrajectoryScore};
use crate::hash::sha256;
use crate::run::{Experiment, Manifest, RunError};
use crate::schema::{Arm, DataSource, ScenarioSet, TrajectoryFamily, TrajectoryPolicySpec};
use crate::speech::{Cassette, Speakers};

/// Agents of a scenario that are ready to run.
pub struct BuiltTrajectory {
    /// What is run.
    pub experiment: Experiment,
    /// How large its world is, in words.
    pub size: String,
    /// What has to be made before the first episode, models above all.
    pub preparation: Arc<Preparation>,
}

/// Builds the agents of one arm. Nothing is trained yet.
///
/// # Errors
/// [`RunError::Input`] when a setting, or a file that the scenario names, cannot be used.
pub fn build(
    set: &ScenarioSet,
    arm: &Arm,
    family: &TrajectoryFamily,
    cassette: &Cassette,
) -> Result<BuiltTrajectory, RunError> {
    let scenario = &arm.scenario;
    let policy = family
        .used()
        .ok_or_else(|| RunError::Input(format!("there is no policy {:?}", family.policy)))?;
    let maker = maker(&family.environment)?;
    let space = space(&maker)?;
    let trainings = scenario.repeats.max(1);
    let starts = scenario.episodes.unwrap_or(crate::schema::DEFAULT_EPISODES);
    let mut data = json!({ "scorer": SCORER });
    let learnt_from = match (policy, &family.data) {
        (TrajectoryPolicySpec::Learned { .. }, Some(data)) => Some(data),
        _ => None,
    };
    if let Some(DataSource::File { path }) = learnt_from.map(|data| &data.source)
        && path.is_file()
    {
        let bytes = std::fs::read(path).map_err(RunError::file(path, "cannot be read"))?;
        data["episodes"] = sha256(bytes).into();
    }
    let in_flight = scenario.limits.in_flight.max(1) as usize;
    let max_steps = scenario.limits.rounds;
    let preparation = Arc::new(Preparation::new(arm, family, maker.clone())?);
    let made = Arc::clone(&preparation);
    let install: Arc<dyn Fn(&mut App) + Send + Sync> = match policy {
        TrajectoryPolicySpec::Language(spec) => {
            let speakers = Speakers::new(&scenario.models, cassette);
            let Spoken { install, prompts } =
                spoken(&family.environment, spec, &speakers, max_steps)?;
            data["prompts"] = prompts.into();
            Arc::new(move |app: &mut App| {
                install(app);
                let reference = made.get(&mut |_| {}).ok().and_then(|made| made.reference);
                begun(app, trainings, reference);
            })
        }
        _ => Arc::new(move |app: &mut App| {
            // A fault was told by whoever prepared; without policies every episode fails.
            let (policies, reference) = match made.get(&mut |_| {}) {
                Ok(prepared) => (prepared.policies.clone(), prepared.reference),
                Err(_) => (Vec::new(), None),
            };
            app.add_plugins(TrajectoryPlugin {
                environment: maker.clone(),
                places: in_flight,
                policies,
                max_steps,
                reference,
            });
        }),
    };
    let manifest = Manifest {
        data,
        ..Manifest::new(
            &scenario.name,
            &arm.name,
            scenario.seed.0,
            starts.max(1).saturating_mul(trainings),
            set.resolved_toml.clone(),
            set.hash.clone(),
        )
    };
    let size = format!(
        "{} numbers seen, {} done, at most {max_steps} steps",
        space.observation_size(),
        space.action_size()
    );
    Ok(BuiltTrajectory {
        size,
        preparation,
        experiment: Experiment {
            manifest,
            in_flight,
            install,
            score: Arc::new(TrajectoryScore { trainings }),
            limits: scenario.limits.hard,
        },
    })
}
