//! The begin of a tick: what each bed is worth, and who goes where.

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::Phase as Stage;
use rounds_environments::coordination::Objective;
use rounds_environments::ids::{AgentId, RoundIx};
use rounds_policies::coordination::{CoordinationError, Moment};

use super::day::{Bed, ClinicDay};
use crate::coordination::{Agent, Chooser, Played, guarded, value};
use crate::engine::{Activity, Episode, RunContext};

/// Makes the objective of the tick of the charts as they are; only of those that have changed.
pub(super) fn weigh_beds(
    mut activity: ResMut<Activity>,
    mut days: Query<(&mut Episode, &mut ClinicDay)>,
    mut beds: Query<&mut Bed>,
) {
    for (mut episode, mut day) in &mut days {
        if episode.outcome.is_some() || day.awaits() {
            continue;
        }
        activity.note();
        let ClinicDay {
            day,
            house,
            beds: entities,
            worth,
            round,
            ..
        } = &mut *day;
        *round = RoundIx(round.0 + 1);
        let clinicians = &house.clinicians;
        let mut changed = false;
        let mut in_order = beds.iter_many_mut(entities.iter()).matched();
        while let Some(mut bed) = in_order.fetch_next() {
            let bed = &mut *bed;
            let number = bed.number as usize;
            let open = day
                .in_bed(bed.number)
                .filter(|&patient| day.phase(patient) == Stage::Open)
                .and_then(|patient| day.patient(patient));
            let changes = open.map_or(0, |_| bed.bedside.changes());
            if changes == bed.weighed {
                continue;
            }
            bed.weighed = changes;
            changed = true;
            let Some(patient) = open else {
                worth.weights[number] = 0.0;
                continue;
            };
            worth.weights[number] = bed.bedside.weight(clinicians, patient.acuity);
            let shares = worth.shares.iter_mut().skip(number).step_by(entities.len());
            for (specialist, share) in shares.enumerate() {
                *share = bed.bedside.share(clinicians, specialist);
            }
        }
        if changed {
            guarded(&mut episode, || worth.refill());
        }
    }
}

/// The staff chooses where to stand. Only an oracle looks at the objective.
pub(super) fn choose(
    context: Res<RunContext>,
    mut days: Query<(&mut Episode, &mut ClinicDay)>,
    mut agents: Query<&mut Agent>,
) {
    for (mut episode, mut day) in &mut days {
        if episode.outcome.is_some() {
            continue;
        }
        let ix = episode.ix;
        let ClinicDay {
            graph,
            staff,
            chooser,
            round,
            chosen,
            worth,
            actions,
            ..
        } = &mut *day;
        *chosen = guarded::<CoordinationError>(&mut episode, || {
            match chooser {
                Chooser::Oracle(oracle) => oracle.act(*round, &worth.objective, actions)?,
                Chooser::Agents(board) => {
                    let mut moment = Moment {
                        seed: context.seed,
                        episode: ix,
                        agent: AgentId(0),
                        round: *round,
                        graph,
                    };
                    let mut members = agents.iter_many_mut(staff.iter()).matched();
                    for action in actions.iter_mut() {
                        let Some(mut agent) = members.fetch_next() else {
                            break;
                        };
                        *action = agent.0.act(&moment, board);
                        moment.agent.0 += 1;
                    }
                }
                Chooser::Asked(_) => {}
            }
            Ok(())
        });
    }
}

/// What the choice is worth.
pub(super) fn measure(mut days: Query<(&mut Episode, &mut ClinicDay)>) {
    for (mut episode, mut day) in &mut days {
        if episode.outcome.is_some() || !day.chosen {
            continue;
        }
        let ClinicDay {
            reference,
            round,
            worth,
            actions,
            played,
            summary,
            kept,
            ..
        } = &mut *day;
        let objective = &worth.objective;
        guarded::<CoordinationError>(&mut episode, || {
            let ground = objective.ground();
            for (agent, action) in actions.iter().enumerate() {
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
            *played = Played {
                utility: value(objective, actions, summary),
                ..Played::default()
            };
            if let Some(reference) = reference {
                let (best, moved) = reference.measure(*round, objective, summary)?;
                played.best = Some(best);
                played.moved = moved;
            }
            if !kept.is_empty() {
                let slot = round.index() % kept.len();
                objective.keep(&mut kept[slot]);
            }
            Ok(())
        });
    }
}
