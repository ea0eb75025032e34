//! The family as a plugin of the engine.

use std::fmt;
use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::control::ControlEnvironment;
use rounds_environments::control::data::Reference;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_policies::trajectory::{TrajectoryContext, TrajectoryPolicy};

use super::agent::{Context, EnvHandle, EpisodeStats, PolicyHandle, ReturnTarget};
use super::decide::decide;
use super::fleet::{Fleet, Policies};
use super::step::{MaxSteps, observe, step};
use crate::engine::{
    AgentOf, Episode, EpisodeFailure, EpisodeLog, Identity, Phase, RunContext, Spawner, Tick,
};

/// Makes an environment with so many places.
pub type EnvironmentMaker =
    Arc<dyn Fn(usize) -> Result<Box<dyn ControlEnvironment>, EnvironmentError> + Send + Sync>;

/// Adds episodes of one agent each in control environments.
///
/// With `n` policies, which are the same way of learning with other seeds, episode `e` is start `e / n` played by policy
/// `e % n`.
#[derive(Clone)]
pub struct TrajectoryPlugin {
    /// Makes the environment of a world.
    pub environment: EnvironmentMaker,
    /// Most episodes in a world at once.
    pub places: usize,
    /// The policies, at least one.
    pub policies: Vec<Arc<dyn TrajectoryPolicy>>,
    /// An episode that has not ended after this many steps is done by the limit.
    pub max_steps: u32,
    /// Returns that count as 0 and as 100, where they are known.
    pub reference: Option<Reference>,
}

impl fmt::Debug for TrajectoryPlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrajectoryPlugin")
            .field("places", &self.places)
            .field("policies", &self.policies)
            .finish_non_exhaustive()
    }
}

impl Plugin for TrajectoryPlugin {
    fn build(&self, app: &mut App) {
        // Made with the first episode, so that an environment that cannot be made fails episodes, not the world.
        let own = self.clone();
        app.insert_resource(Policies(self.policies.clone()))
            .insert_resource(MaxSteps(self.max_steps))
            .insert_resource(Spawner(Arc::new(move |world, entity, ix| {
                spawn(&own, world, entity, ix)
            })))
            .add_observer(leave)
            .add_systems(
                Tick,
                (
                    observe.in_set(Phase::Perceive),
                    decide.in_set(Phase::Decide),
                    step.in_set(Phase::Advance),
                ),
            );
    }
}

/// Frees the place of an agent that goes.
fn leave(gone: On<Remove<EnvHandle>>, handles: Query<&EnvHandle>, mut fleet: ResMut<Fleet>) {
    if let Ok(handle) = handles.get(gone.entity) {
        fleet.leave(handle.0);
    }
}

fn spawn(
    plugin: &TrajectoryPlugin,
    world: &mut World,
    entity: Entity,
    ix: EpisodeIx,
) -> Result<(), EpisodeFailure> {
    let failed = |why: String| EpisodeFailure(why);
    if world.get_resource::<Fleet>().is_none() {
        let made = (plugin.environment)(plugin.places.max(1));
        let environment = made.map_err(|error| failed(error.to_string()))?;
        world.insert_resource(Fleet::new(environment));
    }
    let trainings = plugin.policies.len() as u32;
    let (start, training) = match trainings {
        0 => return Err(failed("there is no policy".to_owned())),
        many => (EpisodeIx(ix.0 / many), (ix.0 % many) as usize),
    };
    let seed = world.resource::<RunContext>().seed;
    let mut fleet = world.resource_mut::<Fleet>();
    let place = fleet
        .occupy(key_of(seed, start, Purpose::Truth))
        .ok_or_else(|| failed("the fleet has no free place".to_owned()))?;
    let space = fleet.environment().space();
    let (observation, action) = (space.observation_size(), space.action_size());
    let policy = &plugin.policies[training];
    let mut context = TrajectoryContext::new(policy.context_steps(), observation, action);
    context.restart(policy.target().unwrap_or(0.0));
    if let Some(mut log) = world.get_mut::<EpisodeLog>(entity)
        && let Some(mut event) = log.0.event(0, 0.0, "world", "", "began")
    {
        event.add("start", &start.0).add("training", &training);
        if let Some(target) = policy.target() {
            event.add("target", &target);
        }
        if let Some(reference) = plugin.reference {
            event.add("reference", &[reference.min, reference.max]);
        }
    }
    let id = match world.get_mut::<Episode>(entity) {
        Some(mut episode) => episode.new_agent_id(),
        None => return Err(failed("the episode has no entity".to_owned())),
    };
    world.spawn((
        Identity { id, decider: 0 },
        AgentOf(entity),
        PolicyHandle(training),
        EnvHandle(place),
        Context(context),
        ReturnTarget(policy.target()),
        EpisodeStats {
            // Policies draw by episode, so that trainings of one start do not share their luck.
            key: key_of(seed, ix, Purpose::Policy),
            steps: 0,
            total_reward: 0.0,
        },
    ));
    Ok(())
}

fn key_of(seed: RunSeed, episode: EpisodeIx, purpose: Purpose) -> StreamKey {
    StreamKey::agent(seed, episode, AgentId(0), RoundIx(0), purpose)
}
