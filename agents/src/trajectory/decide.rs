//! One pass of each policy over all agents that share it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy_ecs::prelude::*;
use rounds_environments::ids::RoundIx;
use rounds_environments::streams::StreamKey;
use rounds_policies::policy::PolicyError;
use rounds_policies::trajectory::{Choices, Situation, TrajectoryPolicy};

use super::agent::{Context, EnvHandle, EpisodeStats, PolicyHandle};
use super::fleet::{Fleet, Policies};
use crate::engine::{AgentOf, Episode, panic_text, quietly};

/// Room that is used again in the next tick.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Policy, place and episode of those who decide.
    order: Vec<(usize, usize, Entity)>,
    actions: Vec<f64>,
    remembered: Vec<f32>,
}

/// Decides for every agent of an episode that goes on.
pub(super) fn decide(
    policies: Res<Policies>,
    fleet: Option<ResMut<Fleet>>,
    mut room: Local<Room>,
    mut episodes: Query<&mut Episode>,
    agents: Query<(
        Entity,
        &AgentOf,
        &PolicyHandle,
        &EnvHandle,
        &EpisodeStats,
        &Context,
    )>,
) {
    let Some(mut fleet) = fleet else { return };
    let fleet = &mut *fleet;
    let room = &mut *room;
    room.order.clear();
    for (entity, of, policy, place, ..) in &agents {
        let goes_on = episodes
            .get(of.0)
            .is_ok_and(|episode| episode.outcome.is_none());
        if goes_on {
            room.order.push((policy.0, place.0, entity));
        }
    }
    // Nothing depends on the order; places that stand together are read together.
    room.order
        .sort_unstable_by_key(|(policy, place, _)| (*policy, *place));
    let size = fleet.environment().space().action_size();
    for group in room.order.chunk_by(|a, b| a.0 == b.0) {
        let policy = &policies.0[group[0].0];
        let situations: Vec<Situation<'_>> = group
            .iter()
            .filter_map(|&(_, place, entity)| {
                let (.., stats, context) = agents.get(entity).ok()?;
                Some(Situation {
                    key: StreamKey {
                        round: RoundIx(stats.steps + 1),
                        ..stats.key
                    },
                    observation: fleet.seen(place),
                    context: &context.0,
                })
            })
            .collect();
        room.actions.clear();
        room.actions.resize(group.len() * size, 0.0);
        room.remembered.clear();
        room.remembered.resize(group.len() * size, 0.0);
        let faults = decided(
            policy.as_ref(),
            &situations,
            size,
            &mut room.actions,
            &mut room.remembered,
        );
        for (at, (&(_, place, entity), fault)) in group.iter().zip(faults).enumerate() {
            if let Some(error) = fault {
                if let Ok((_, of, ..)) = agents.get(entity)
                    && let Ok(mut episode) = episodes.get_mut(of.0)
                {
                    episode.end(error.into());
                }
                continue;
            }
            let own = at * size..(at + 1) * size;
            fleet.actions[place * size..][..size].copy_from_slice(&room.actions[own.clone()]);
            fleet.remembered[place * size..][..size].copy_from_slice(&room.remembered[own]);
            fleet.decided[place] = true;
        }
    }
}

/// Decides for all in one pass; where that fails, one by one. What went wrong for each.
pub(crate) fn decided(
    policy: &dyn TrajectoryPolicy,
    situations: &[Situation<'_>],
    size: usize,
    actions: &mut [f64],
    remembered: &mut [f32],
) -> Vec<Option<PolicyError>> {
    let whole = asked(policy, situations, actions, remembered);
    if whole.is_ok() || situations.len() == 1 {
        return situations.iter().map(|_| whole.clone().err()).collect();
    }
    let rows = actions.chunks_exact_mut(size);
    let rows = rows.zip(remembered.chunks_exact_mut(size));
    let each = situations.iter().zip(rows);
    each.map(|(one, (actions, remembered))| {
        asked(policy, std::slice::from_ref(one), actions, remembered).err()
    })
    .collect()
}

fn asked(
    policy: &dyn TrajectoryPolicy,
    situations: &[Situation<'_>],
    actions: &mut [f64],
    remembered: &mut [f32],
) -> Result<(), PolicyError> {
    let decided = quietly(|| {
        catch_unwind(AssertUnwindSafe(|| {
            let mut choices = Choices {
                actions,
                remembered,
            };
            policy.decide(situations, &mut choices)
        }))
    });
    decided.unwrap_or_else(|panic| Err(PolicyError::Panic(panic_text(panic.as_ref()))))
}
