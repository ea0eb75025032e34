//! Doses at the beds: all agents that share a policy decide in one pass, over all beds of all days.

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::Phase as Stage;
use rounds_environments::control::ControlEnvironment;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::RoundIx;
use rounds_environments::streams::StreamKey;
use rounds_policies::trajectory::Situation;

use super::day::{Bed, ClinicDay};
use super::deterioration::{AtBed, SEEN, Unstable};
use crate::coordination::guarded;
use crate::engine::{Episode, EpisodeLog};
use crate::trajectory::{Context, EpisodeStats, Policies, PolicyHandle, ReturnTarget, decided};

/// The agent of each bed looks at its patient, and begins anew with a new one.
pub(super) fn watch(
    mut days: Query<(&mut Episode, &ClinicDay, &mut Unstable)>,
    mut agents: Query<(&ReturnTarget, &mut EpisodeStats, &mut Context), With<AtBed>>,
) {
    for (mut episode, day, mut unstable) in &mut days {
        if episode.outcome.is_some() || day.awaits() {
            continue;
        }
        let unstable = &mut *unstable;
        guarded::<EnvironmentError>(&mut episode, || unstable.follow(day.day()));
        for bed in 0..unstable.treated.len() {
            let patient = day.day().in_bed(bed as u32);
            let patient = patient.filter(|patient| unstable.place(*patient).is_some());
            let Ok((target, mut stats, mut context)) = agents.get_mut(unstable.agents[bed]) else {
                continue;
            };
            if patient != unstable.treated[bed] {
                unstable.treated[bed] = patient;
                context.0.restart(target.0.unwrap_or(0.0));
                (stats.steps, stats.total_reward) = (0, 0.0);
            }
            if let Some(place) = patient.and_then(|patient| unstable.place(patient)) {
                context.0.see(&unstable.seen(day.day(), place));
            }
        }
    }
}

/// Decides on the doses of this tick.
pub(super) fn dose(
    policies: Res<Policies>,
    mut days: Query<(Entity, &mut Episode, &ClinicDay, &mut Unstable)>,
    agents: Query<(&PolicyHandle, &EpisodeStats, &Context), With<AtBed>>,
) {
    let mut waiting: Vec<(usize, Entity, usize, Entity, [f32; SEEN])> = Vec::new();
    for (entity, episode, day, unstable) in &days {
        if episode.outcome.is_some() || day.awaits() {
            continue;
        }
        for (bed, patient) in unstable.treated.iter().enumerate() {
            let place = patient.and_then(|patient| unstable.place(patient));
            if let Some(place) = place.filter(|place| !unstable.patients.is_over(*place))
                && let Ok((policy, ..)) = agents.get(unstable.agents[bed])
            {
                let seen = unstable.seen(day.day(), place);
                waiting.push((policy.0, entity, place, unstable.agents[bed], seen));
            }
        }
    }
    waiting.sort_by_key(|(policy, ..)| *policy);
    for group in waiting.chunk_by(|a, b| a.0 == b.0) {
        let Some(policy) = policies.0.get(group[0].0) else {
            continue;
        };
        let situations: Vec<Situation<'_>> = group
            .iter()
            .filter_map(|(_, day, _, agent, seen)| {
                let (.., stats, context) = agents.get(*agent).ok()?;
                Some(Situation {
                    key: StreamKey {
                        round: RoundIx(day_round(&days, *day)),
                        ..stats.key
                    },
                    observation: seen,
                    context: &context.0,
                })
            })
            .collect();
        let (mut doses, mut remembered) = (vec![0.0; group.len()], vec![0.0; group.len()]);
        let faults = decided(policy.as_ref(), &situations, 1, &mut doses, &mut remembered);
        for (at, ((_, day, place, _, seen), fault)) in group.iter().zip(faults).enumerate() {
            let Ok((_, mut episode, _, mut unstable)) = days.get_mut(*day) else {
                continue;
            };
            match fault {
                Some(error) => episode.end(error.into()),
                None => {
                    unstable.doses[*place] = doses[at];
                    unstable.remembered[*place] = remembered[at];
                    unstable.saw[*place] = *seen;
                    unstable.given[*place] = true;
                }
            }
        }
    }
}

/// The tick that a day is in.
fn day_round(days: &Query<(Entity, &mut Episode, &ClinicDay, &mut Unstable)>, day: Entity) -> u32 {
    days.get(day).map_or(0, |(_, _, day, _)| day.round.0)
}

/// A tick passes for every patient that deteriorates; the log keeps what was seen, given and came of it.
pub(super) fn deteriorate(
    policies: Res<Policies>,
    mut days: Query<(&mut Episode, &mut EpisodeLog, &ClinicDay, &mut Unstable)>,
    beds: Query<&Bed>,
    mut agents: Query<(&PolicyHandle, &mut EpisodeStats, &mut Context), With<AtBed>>,
) {
    for (mut episode, mut log, day, mut unstable) in &mut days {
        if episode.outcome.is_some() || !day.chosen {
            continue;
        }
        let unstable = &mut *unstable;
        let (round, now) = (day.round.0, day.day().now_min());
        let here: Vec<usize> = unstable.here().collect();
        if here.is_empty() {
            continue;
        }
        let given: Vec<usize> = here
            .iter()
            .copied()
            .filter(|place| unstable.given[*place])
            .collect();
        if !given.is_empty()
            && let Some(mut event) = log.0.event(round, now, "doctor", "", "dosed")
        {
            let patients: Vec<u32> = given.iter().map(|place| unstable.number(*place)).collect();
            let saw: Vec<[f32; SEEN]> = given.iter().map(|place| unstable.saw[*place]).collect();
            let doses: Vec<f64> = given.iter().map(|place| unstable.doses[*place]).collect();
            event
                .add("patients", &patients)
                .add("saw", &saw)
                .add("doses", &doses);
        }
        let was_over: Vec<bool> = here
            .iter()
            .map(|place| unstable.patients.is_over(*place))
            .collect();
        for (place, dose) in unstable.doses.iter_mut().enumerate() {
            if !unstable.given[place] {
                *dose = 0.0;
            }
        }
        let doses = std::mem::take(&mut unstable.doses);
        let moved = guarded::<EnvironmentError>(&mut episode, || {
            unstable.patients.advance(&doses).map(|_| ())
        });
        unstable.doses = doses;
        if !moved {
            continue;
        }
        let rewards = unstable.patients.stepped().rewards.to_vec();
        for bed in 0..unstable.treated.len() {
            let Some(patient) = unstable.treated[bed] else {
                continue;
            };
            let Some(place) = unstable.place(patient) else {
                continue;
            };
            if !std::mem::take(&mut unstable.given[place]) {
                continue;
            }
            if let Ok((policy, mut stats, mut context)) = agents.get_mut(unstable.agents[bed]) {
                let pays_off = policies
                    .0
                    .get(policy.0)
                    .is_none_or(|policy| policy.pays_off());
                let earned = if pays_off { rewards[place] } else { 0.0 };
                context.0.act(&[unstable.remembered[place]], earned);
                stats.steps += 1;
                stats.total_reward += rewards[place];
            }
        }
        record(&mut log, (round, now), unstable, &here, &was_over, &rewards);
        // What was found in this tick is treated from the next on.
        for bed in beds.iter_many(&day.beds).matched() {
            let Some(patient) = day.day().in_bed(bed.number) else {
                continue;
            };
            if day.day().phase(patient) != Stage::Diagnosed {
                continue;
            }
            let truth = day
                .day()
                .patient(patient)
                .map(|patient| patient.patient.condition());
            if let (Some(place), true) = (unstable.place(patient), bed.answer == truth) {
                unstable.patients.diagnose(place);
            }
        }
    }
}

fn record(
    log: &mut EpisodeLog,
    (round, now): (u32, f64),
    unstable: &Unstable,
    here: &[usize],
    was_over: &[bool],
    rewards: &[f64],
) {
    let patients = &unstable.patients;
    let threshold = patients.dynamics().config().unstable_at;
    let index = |place: usize| patients.observations()[place * SEEN];
    let numbers = |places: &mut dyn Iterator<Item = usize>| -> Vec<u32> {
        places.map(|place| unstable.number(place)).collect()
    };
    if let Some(mut event) = log.0.event(round, now, "world", "", "stability") {
        let far = |place: &usize| f64::from(index(*place).abs()) > threshold;
        let fell = here.iter().zip(was_over);
        let fell = fell.filter(|(place, was)| !**was && patients.stepped().terminated[**place]);
        event
            .add("patients", &numbers(&mut here.iter().copied()))
            .add(
                "index",
                &here.iter().map(|place| index(*place)).collect::<Vec<_>>(),
            )
            .add("unstable", &numbers(&mut here.iter().copied().filter(far)))
            .add("collapsed", &numbers(&mut fell.map(|(place, _)| *place)))
            .add(
                "rewards",
                &here.iter().map(|place| rewards[*place]).collect::<Vec<_>>(),
            );
    }
}
