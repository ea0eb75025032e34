//! The end of a tick: the objective is revealed, and who chose learns from it.

use bevy_ecs::prelude::*;
use rounds_environments::coordination::Objective;
use rounds_environments::ids::{AgentId, RoundIx};
use rounds_policies::coordination::{CoordinationError, Moment, Revealed};

use super::day::ClinicDay;
use crate::coordination::{Agent, Chooser, guarded};
use crate::engine::{Episode, RunContext};

/// The staff learns from the objective of this tick, or of an earlier one where feedback comes late.
pub(super) fn learn(
    context: Res<RunContext>,
    mut days: Query<(&mut Episode, &mut ClinicDay)>,
    mut agents: Query<&mut Agent>,
) {
    for (mut episode, mut day) in &mut days {
        if episode.outcome.is_some() || !day.chosen {
            continue;
        }
        let ix = episode.ix;
        let ClinicDay {
            graph,
            staff,
            chooser,
            round,
            worth,
            actions,
            kept,
            ..
        } = &mut *day;
        let Chooser::Agents(board) = chooser else {
            continue;
        };
        let lag = kept.len().saturating_sub(1) as u32;
        if round.0 <= lag {
            board.turn();
            continue;
        }
        let of_round = RoundIx(round.0 - lag);
        let objective: &dyn Objective = match kept.get(of_round.index() % kept.len().max(1)) {
            Some(Some(kept)) => &**kept,
            _ => &worth.objective,
        };
        let revealed = Revealed {
            objective,
            round: of_round,
            actions,
        };
        let mut moment = Moment {
            seed: context.seed,
            episode: ix,
            agent: AgentId(0),
            round: *round,
            graph,
        };
        let learnt = guarded::<CoordinationError>(&mut episode, || {
            objective.clear(board.running_mut());
            let mut members = agents.iter_many_mut(staff.iter()).matched();
            while let Some(mut agent) = members.fetch_next() {
                agent.0.learn(&moment, &revealed, board)?;
                moment.agent.0 += 1;
            }
            Ok(())
        });
        if learnt {
            board.turn();
        }
    }
}
