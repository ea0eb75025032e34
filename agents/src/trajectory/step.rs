//! Seeing, moving, and what is kept of it.

use bevy_ecs::prelude::*;
use rounds_environments::environment::EnvironmentError;
use serde::Serialize;

use super::agent::{Context, EnvHandle, EpisodeStats, PolicyHandle};
use super::fleet::{Fleet, Policies};
use crate::engine::{
    Activity, AgentOf, Episode, EpisodeClock, EpisodeLog, Identity, Outcome, RunContext,
};

/// An episode that has not ended after this many steps is done by the limit.
#[derive(Resource, Debug, Clone, Copy)]
pub(super) struct MaxSteps(pub(super) u32);

/// Lets every agent see.
pub(super) fn observe(
    fleet: Option<Res<Fleet>>,
    mut activity: ResMut<Activity>,
    episodes: Query<&Episode>,
    mut agents: Query<(&AgentOf, &EnvHandle, &mut Context)>,
) {
    let Some(fleet) = fleet else { return };
    for (of, place, mut context) in &mut agents {
        if episodes
            .get(of.0)
            .is_ok_and(|episode| episode.outcome.is_none())
        {
            activity.note();
            context.0.see(fleet.seen(place.0));
        }
    }
}

/// Moves the fleet, and lets every agent remember what came of it.
pub(super) fn step(
    context: Res<RunContext>,
    limit: Res<MaxSteps>,
    policies: Res<Policies>,
    fleet: Option<ResMut<Fleet>>,
    mut seen: Local<Vec<f32>>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut agents: Query<(
        &AgentOf,
        &Identity,
        &PolicyHandle,
        &EnvHandle,
        &mut EpisodeStats,
        &mut Context,
    )>,
) {
    let Some(mut fleet) = fleet else { return };
    let log_on = context.log;
    // A place whose episode was not decided for must not move.
    for (of, _, _, place, ..) in &agents {
        if !fleet.decided[place.0] {
            fleet.retire(place.0);
            end(&mut episodes, of.0, "no decision");
        }
    }
    seen.clear();
    if log_on {
        seen.extend_from_slice(fleet.environment().observations());
    }
    let width = fleet.environment().space().observation_size();
    while let Err(error) = fleet.advance() {
        let faulty = match &error {
            EnvironmentError::InvalidAction { agent, .. } => Some(agent.index()),
            _ => None,
        };
        for (of, _, _, place, ..) in &agents {
            if faulty.is_none_or(|faulty| faulty == place.0) && fleet.decided[place.0] {
                fleet.retire(place.0);
                end(&mut episodes, of.0, &told(&error));
            }
        }
        // A fault of nobody in particular is one of all: nobody is left to move.
        if faulty.is_none() {
            return;
        }
    }
    for (of, identity, policy, place, mut stats, mut context) in &mut agents {
        let place = place.0;
        if !std::mem::take(&mut fleet.decided[place]) {
            continue;
        }
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        let stepped = fleet.environment().stepped();
        let reward = stepped.rewards[place];
        let pays_off = policies.0[policy.0].pays_off();
        let earned = if pays_off { reward } else { 0.0 };
        context.0.act(fleet.remembered(place), earned);
        stats.steps += 1;
        stats.total_reward += reward;
        clock.0.pass(fleet.environment().space().minutes);
        let now = clock.0.now_min();
        if log_on {
            let agent = identity.id.to_string();
            if let Some(mut event) = log.0.event(stats.steps, now, "agent", &agent, "acted") {
                event
                    .add("saw", &seen[place * width..][..width])
                    .add("action", &Row(fleet.action(place)))
                    .add("reward", &reward);
            }
        }
        let over = fleet.environment().is_over(place);
        if over || stats.steps >= limit.0 {
            let terminated = stepped.terminated[place];
            if let Some(mut event) = log.0.event(stats.steps, now, "world", "", "finished") {
                event
                    .add("terminated", &terminated)
                    .add("returns", &[stats.total_reward])
                    .add("last", fleet.seen(place));
                for (name, figure) in fleet.environment().figures(place) {
                    event.add(name, &figure);
                }
            }
            episode.end(Outcome::Done);
        }
    }
}

fn end(
    episodes: &mut Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    of: Entity,
    why: &str,
) {
    if let Ok((mut episode, ..)) = episodes.get_mut(of) {
        episode.end(Outcome::Failed(why.to_owned()));
    }
}

/// What is wrong, without the place in the fleet, which is not the episode's business.
fn told(error: &EnvironmentError) -> String {
    match error {
        EnvironmentError::InvalidAction { why, .. } => format!("invalid action: {why}"),
        other => other.to_string(),
    }
}

/// An action as logs keep it: a number where it is one.
struct Row<'a>(&'a [f64]);

impl Serialize for Row<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }
}
