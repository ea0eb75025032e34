//! Data sets that are played for their own sake.

use rounds_environments::control::data::Trajectories;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::Level;

use super::environment::maker;
use super::offline::Ground;
use crate::run::RunError;
use crate::schema::{Family, Scenario};

/// Plays the sets of `levels` as `[data]` of a scenario says, whatever level it names itself; `tell` is told how far that is.
///
/// # Errors
/// [`RunError::Input`] when the scenario is none of a control environment, its `[data]` has no levels, or nothing can be played.
pub fn played_sets(
    scenario: &Scenario,
    levels: &[Level],
    tell: &mut dyn FnMut(&str),
) -> Result<Vec<Trajectories>, RunError> {
    let Family::Trajectory(family) = &scenario.family else {
        return Err(RunError::Input("expected a control environment".to_owned()));
    };
    let Some(data) = &family.data else {
        return Err(RunError::Input("expected a table [data]".to_owned()));
    };
    let ground = Ground {
        spec: &family.environment,
        maker: &maker(&family.environment)?,
        seed: scenario.seed,
    };
    let seed = data.seed.map_or(scenario.seed, RunSeed);
    let mut sets = ground.sets(&data.source, levels, seed, tell)?;
    for set in &mut sets {
        let environment = serde_json::json!(family.environment);
        set.describe(|header| {
            header.settings =
                serde_json::json!({ "environment": environment, "source": data.source });
        });
    }
    Ok(sets)
}
