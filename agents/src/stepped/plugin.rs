//! Stepped environments as a plugin of the engine.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::environment::{Environment, EnvironmentFactory};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_policies::policy::{Ask, AskKey, Decider};

use crate::engine::{
    Activity, AgentOf, Decided, Decisions, DecisionsPlugin, Episode, EpisodeClock, EpisodeFailure,
    EpisodeLog, Group, GroupOf, Identity, Outcome, Phase, RunContext, Spawner, Tick, panic_text,
    quietly,
};

/// One environment in progress: the group of its agents.
#[derive(Component)]
pub struct Rollout<E: Environment> {
    environment: E,
    step: u32,
    asked: usize,
    rewards: Vec<f64>,
    /// Replies that could not be read, and decisions that are neutral for it.
    malformed: u32,
    neutral: u32,
    actions: Option<Vec<E::Action>>,
}

/// Adds the environments that `factory` makes, one an episode, with one decider for all agents.
pub struct SteppedPlugin<F: EnvironmentFactory> {
    /// Makes the environments.
    pub factory: Arc<F>,
    /// Decides for every agent.
    pub decider: Decider<Observation<F>, Action<F>>,
    /// An episode that has not ended after this many steps is done by the limit.
    pub max_steps: u32,
}

type Observation<F> = <<F as EnvironmentFactory>::Environment as Environment>::Observation;
type Action<F> = <<F as EnvironmentFactory>::Environment as Environment>::Action;

#[derive(Resource)]
struct MaxSteps(u32);

/// Whether replies are read, and counted where they cannot be.
#[derive(Resource)]
struct ByModel(bool);

impl<F: EnvironmentFactory> Plugin for SteppedPlugin<F> {
    fn build(&self, app: &mut App) {
        let factory = Arc::clone(&self.factory);
        app.add_plugins(DecisionsPlugin::<Observation<F>, Action<F>>::default())
            .insert_resource(Decisions::new(vec![self.decider.clone()]))
            .insert_resource(MaxSteps(self.max_steps))
            .insert_resource(ByModel(matches!(self.decider, Decider::Model { .. })))
            .insert_resource(Spawner(Arc::new(move |world, entity, ix| {
                spawn(&*factory, world, entity, ix)
            })))
            .add_systems(
                Tick,
                (
                    observe::<F::Environment>.in_set(Phase::Perceive),
                    act::<F::Environment>.in_set(Phase::Act),
                    step::<F::Environment>.in_set(Phase::Advance),
                ),
            );
    }
}

fn spawn<F: EnvironmentFactory>(
    factory: &F,
    world: &mut World,
    entity: Entity,
    ix: EpisodeIx,
) -> Result<(), EpisodeFailure> {
    let seed = world.resource::<RunContext>().seed;
    let environment = factory
        .reset(seed, ix)
        .map_err(|error| EpisodeFailure(error.to_string()))?;
    let agents = environment.agents();
    if agents == 0 {
        return Err(EpisodeFailure("the environment has no agents".to_owned()));
    }
    let Some(mut episode) = world.get_mut::<Episode>(entity) else {
        return Err(EpisodeFailure("the episode has no entity".to_owned()));
    };
    let group = episode.new_group_ix();
    let ids: Vec<AgentId> = (0..agents).map(|_| episode.new_agent_id()).collect();
    for id in ids {
        world.spawn((Identity { id, decider: 0 }, AgentOf(entity)));
    }
    world.spawn((
        Group(group),
        GroupOf(entity),
        Decided::<<F::Environment as Environment>::Action>::default(),
        Rollout {
            environment,
            step: 0,
            asked: 0,
            rewards: vec![0.0; agents],
            malformed: 0,
            neutral: 0,
            actions: None,
        },
    ));
    Ok(())
}

fn observe<E: Environment>(
    mut decisions: ResMut<Decisions<E::Observation, E::Action>>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<&mut Episode>,
    mut rollouts: Query<(Entity, &GroupOf, &mut Rollout<E>)>,
) {
    for (group, of, mut rollout) in &mut rollouts {
        let Ok(mut episode) = episodes.get_mut(of.0) else {
            continue;
        };
        if rollout.asked > 0 || episode.outcome.is_some() {
            continue;
        }
        activity.note();
        let agents = rollout.environment.agents();
        for agent in 0..agents as u32 {
            let seen = quietly(|| {
                catch_unwind(AssertUnwindSafe(|| {
                    rollout.environment.observe(AgentId(agent))
                }))
            });
            let observation = match seen {
                Ok(observation) => observation,
                Err(panic) => {
                    episode.end(Outcome::Failed(format!(
                        "the environment panicked: {}",
                        panic_text(panic.as_ref())
                    )));
                    break;
                }
            };
            let key = AskKey {
                episode: episode.ix,
                agent: AgentId(agent),
                round: RoundIx(rollout.step),
                number: rollout.step,
            };
            decisions.ask(of.0, &mut episode, group, 0, Ask { key, observation });
            rollout.asked += 1;
        }
    }
}

fn act<E: Environment>(
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &EpisodeClock)>,
    mut rollouts: Query<(&GroupOf, &mut Rollout<E>, &mut Decided<E::Action>)>,
) {
    for (of, mut rollout, mut decided) in &mut rollouts {
        if rollout.asked == 0 || decided.0.len() < rollout.asked {
            continue;
        }
        let Ok((mut episode, mut log, clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        if episode.open > 0 {
            continue;
        }
        activity.note();
        let mut decisions = std::mem::take(&mut decided.0);
        decisions.sort_unstable_by_key(|decision| decision.key.agent);
        let at = (rollout.step + 1, clock.0.now_min());
        for decision in decisions.iter().filter(|decision| decision.faults.any()) {
            let faults = &decision.faults;
            rollout.malformed += faults.malformed;
            rollout.neutral += u32::from(faults.neutral);
            let agent = decision.key.agent.to_string();
            faults.log(&mut log.0, at, ("agent", &agent));
        }
        match decisions
            .into_iter()
            .map(|decision| decision.result)
            .collect()
        {
            Ok(actions) => rollout.actions = Some(actions),
            Err(error) => episode.end(Outcome::from(error)),
        }
    }
}

fn step<E: Environment>(
    limit: Res<MaxSteps>,
    by_model: Res<ByModel>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut rollouts: Query<(&GroupOf, &mut Rollout<E>)>,
) {
    for (of, mut rollout) in &mut rollouts {
        let Some(actions) = rollout.actions.take() else {
            continue;
        };
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        activity.note();
        let rollout = &mut *rollout;
        rollout.asked = 0;
        rollout.step += 1;
        let stepped =
            quietly(|| catch_unwind(AssertUnwindSafe(|| rollout.environment.step(&actions))));
        let outcome = match stepped {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => {
                episode.end(Outcome::Failed(error.to_string()));
                continue;
            }
            Err(panic) => {
                episode.end(Outcome::Failed(format!(
                    "the environment panicked: {}",
                    panic_text(panic.as_ref())
                )));
                continue;
            }
        };
        clock.0.pass(outcome.minutes);
        for (agent, action) in actions.iter().enumerate() {
            let reward = outcome.rewards.get(agent).copied().unwrap_or(0.0);
            if let Some(total) = rollout.rewards.get_mut(agent) {
                *total += reward;
            }
            if let Some(mut event) = log.0.event(
                rollout.step,
                clock.0.now_min(),
                "agent",
                &agent.to_string(),
                "acted",
            ) {
                event
                    .add("action", &rollout.environment.action_value(action))
                    .add("reward", &reward);
            }
        }
        if outcome.terminated || rollout.step >= limit.0 {
            if let Some(mut event) =
                log.0
                    .event(rollout.step, clock.0.now_min(), "world", "", "finished")
            {
                let metrics = rollout.environment.metrics();
                // An environment may tell an end of its own from a cut.
                if metrics.iter().all(|(name, _)| *name != "terminated") {
                    event.add("terminated", &outcome.terminated);
                }
                event.add("returns", &rollout.rewards);
                for (name, value) in metrics {
                    event.add(name, &value);
                }
                if by_model.0 {
                    event
                        .add("malformed", &rollout.malformed)
                        .add("neutral", &rollout.neutral);
                }
            }
            episode.end(Outcome::Done);
        }
    }
}
