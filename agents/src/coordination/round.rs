//! The systems of a round.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bevy_ecs::prelude::*;
use rounds_environments::coordination::Class;
use rounds_environments::ids::{AgentId, RoundIx};
use rounds_policies::coordination::{CoordinationError, Moment, Revealed};
use rounds_policies::language::Situation;

use super::asked::{Known, answered};
use super::group::{Agent, Chooser, Coordination, Played, curvature, value};
use super::record::{finish, round_event};
use crate::engine::{
    Activity, Decided, Decision, Decisions, Episode, EpisodeClock, EpisodeLog, GroupOf, Members,
    Outcome, RunContext, panic_text, quietly,
};

/// Runs `work` on what may fail or panic; an episode whose work does ends as failed.
pub(crate) fn guarded<E: std::fmt::Display>(
    episode: &mut Episode,
    work: impl FnOnce() -> Result<(), E>,
) -> bool {
    let why = match quietly(|| catch_unwind(AssertUnwindSafe(work))) {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(panic) => format!("panicked: {}", panic_text(panic.as_ref())),
    };
    episode.end(Outcome::Failed(why));
    false
}

/// Agents of online methods choose; nobody knows the objective of the round.
pub(super) fn choose(
    context: Res<RunContext>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<&mut Episode>,
    mut groups: Query<(&GroupOf, &Members, &mut Coordination)>,
    mut agents: Query<&mut Agent>,
) {
    for (of, members, mut group) in &mut groups {
        let Ok(mut episode) = episodes.get_mut(of.0) else {
            continue;
        };
        if episode.outcome.is_some() {
            continue;
        }
        activity.note();
        let group = &mut *group;
        group.round = RoundIx(group.round.0 + 1);
        group.chosen = true;
        let Chooser::Agents(board) = &mut group.chooser else {
            continue;
        };
        let mut moment = Moment {
            seed: context.seed,
            episode: episode.ix,
            agent: AgentId(0),
            round: group.round,
            graph: &group.graph,
        };
        let actions = &mut group.actions;
        guarded::<CoordinationError>(&mut episode, || {
            let mut members = agents.iter_many_mut(members.iter()).matched();
            for action in actions.iter_mut() {
                let Some(mut agent) = members.fetch_next() else {
                    break;
                };
                *action = agent.0.act(&moment, board);
                moment.agent.0 += 1;
            }
            Ok(())
        });
    }
}

/// Agents that are asked are told what they may know and asked, all of an episode at once.
pub(super) fn ask(
    mut activity: ResMut<Activity>,
    mut decisions: ResMut<Decisions<Situation, Option<u32>>>,
    mut episodes: Query<&mut Episode>,
    mut groups: Query<(Entity, &GroupOf, &mut Coordination)>,
) {
    for (entity, of, mut group) in &mut groups {
        let Ok(mut episode) = episodes.get_mut(of.0) else {
            continue;
        };
        let group = &mut *group;
        let Chooser::Asked(asking) = &mut group.chooser else {
            continue;
        };
        if episode.outcome.is_some() || asking.awaited {
            continue;
        }
        activity.note();
        group.round = RoundIx(group.round.0 + 1);
        let known = Known {
            world: &*group.world,
            graph: &group.graph,
            round: group.round,
            horizon: group.horizon,
            actions: &group.actions,
        };
        let mut asks = Vec::with_capacity(group.actions.len());
        let ix = episode.ix;
        let told = guarded::<CoordinationError>(&mut episode, || {
            for agent in 0..group.actions.len() {
                let [gains, _] = &mut group.marginals;
                let told = known.told(asking, agent, &mut group.summary, gains)?;
                asks.push(asking.ask(ix, group.round, agent, told, None));
            }
            Ok(())
        });
        if told {
            asking.awaited = true;
            for ask in asks {
                decisions.ask(of.0, &mut episode, entity, 0, ask);
            }
        }
    }
}

/// Takes the answers of an episode whose agents have all answered.
pub(super) fn take_answers(
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &EpisodeClock)>,
    mut groups: Query<(&GroupOf, &mut Coordination, &mut Decided<Option<u32>>)>,
) {
    for (of, mut group, mut decided) in &mut groups {
        let Ok((mut episode, mut log, clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        let group = &mut *group;
        let Chooser::Asked(asking) = &mut group.chooser else {
            continue;
        };
        let at = (group.round.0, clock.0.now_min());
        let log = |agent: usize, decision: &Decision<Option<u32>>| {
            let agent = agent.to_string();
            decision.faults.log(&mut log.0, at, ("agent", &agent));
        };
        if answered(&mut episode, asking, &mut decided, &mut group.actions, log) {
            activity.note();
            group.chosen = true;
        }
    }
}

/// The world moves and the objective of the round is known; oracles choose.
pub(super) fn reveal(
    mut episodes: Query<&mut Episode>,
    mut groups: Query<(&GroupOf, &mut Coordination)>,
) {
    for (of, mut group) in &mut groups {
        let Ok(mut episode) = episodes.get_mut(of.0) else {
            continue;
        };
        if episode.outcome.is_some() || !group.chosen {
            continue;
        }
        let group = &mut *group;
        let round = group.round;
        if !guarded(&mut episode, || group.world.reveal(round)) {
            continue;
        }
        guarded(&mut episode, || measure(group));
    }
}

fn measure(group: &mut Coordination) -> Result<(), CoordinationError> {
    let objective = group.world.objective();
    let round = group.round;
    if let Chooser::Oracle(oracle) = &mut group.chooser {
        oracle.act(round, objective, &mut group.actions)?;
    }
    let ground = objective.ground();
    for (agent, action) in group.actions.iter().enumerate() {
        if let Some(action) = action
            && *action as usize >= ground.actions(agent)
        {
            return Err(CoordinationError::Action {
                agent,
                got: *action,
                actions: ground.actions(agent),
            });
        }
    }
    group.played = Played {
        utility: value(objective, &group.actions, &mut group.summary),
        ..Played::default()
    };
    if objective.class() == Class::Submodular && group.is_pictured() {
        let summary = &mut group.summary;
        group.played.curvature = Some(curvature(objective, summary, &mut group.marginals));
    }
    if let Some(reference) = &mut group.reference {
        let (best, moved) = reference.measure(round, objective, &mut group.summary)?;
        group.played.best = Some(best);
        group.played.moved = moved;
    }
    if !group.kept.is_empty() {
        let slot = round.index() % group.kept.len();
        objective.keep(&mut group.kept[slot]);
    }
    Ok(())
}

/// Agents of online methods learn, one after the other in the order of their ids.
pub(super) fn learn(
    context: Res<RunContext>,
    mut episodes: Query<&mut Episode>,
    mut groups: Query<(&GroupOf, &Members, &mut Coordination)>,
    mut agents: Query<&mut Agent>,
) {
    for (of, members, mut group) in &mut groups {
        let Ok(mut episode) = episodes.get_mut(of.0) else {
            continue;
        };
        if episode.outcome.is_some() || !group.chosen {
            continue;
        }
        let group = &mut *group;
        let Chooser::Agents(board) = &mut group.chooser else {
            continue;
        };
        let lag = group.kept.len().saturating_sub(1) as u32;
        if group.round.0 <= lag {
            board.turn();
            continue;
        }
        let of_round = RoundIx(group.round.0 - lag);
        let late = group.kept.get(of_round.index() % group.kept.len().max(1));
        let objective = match late {
            Some(Some(kept)) => &**kept,
            _ => group.world.objective(),
        };
        let revealed = Revealed {
            objective,
            round: of_round,
            actions: &group.actions,
        };
        let mut moment = Moment {
            seed: context.seed,
            episode: episode.ix,
            agent: AgentId(0),
            round: group.round,
            graph: &group.graph,
        };
        let learned = guarded::<CoordinationError>(&mut episode, || {
            objective.clear(board.running_mut());
            let mut members = agents.iter_many_mut(members.iter()).matched();
            while let Some(mut agent) = members.fetch_next() {
                agent.0.learn(&moment, &revealed, board)?;
                moment.agent.0 += 1;
            }
            Ok(())
        });
        if learned {
            board.turn();
        }
    }
}

/// The joint action is carried out, and the round is recorded.
pub(super) fn apply(
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut groups: Query<(&GroupOf, &mut Coordination)>,
) {
    for (of, mut group) in &mut groups {
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        if episode.outcome.is_some() || !group.chosen {
            continue;
        }
        let group = &mut *group;
        group.chosen = false;
        if !guarded(&mut episode, || {
            group.world.apply(&group.actions)?;
            group.world.measured(&mut group.measured);
            Ok::<(), rounds_environments::environment::EnvironmentError>(())
        }) {
            continue;
        }
        if !group.played.utility.is_finite() {
            let got = group.played.utility;
            let round = group.round;
            episode.end(Outcome::Failed(format!(
                "round {round}: the objective gave {got}, expected a finite number"
            )));
            continue;
        }
        clock.0.pass(1.0);
        round_event(&mut log.0, clock.0.now_min(), group);
        if group.round.0 >= group.horizon {
            finish(&mut log.0, clock.0.now_min(), group);
            episode.end(Outcome::Done);
        }
    }
}
