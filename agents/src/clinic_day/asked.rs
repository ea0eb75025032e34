//! Specialists that are asked where to stand, each on its own.
//!
//! Each is told what stands on the charts and at the door as the tick begins, and where those stood
//! that it hears from. What the tick's objective makes of the charts is told to nobody.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::Phase as Stage;
use rounds_environments::clinic::patient::Patient;
use rounds_environments::environment::EnvironmentError;
use rounds_policies::language::Situation;
use serde_json::{Value, json};

use super::day::{Bed, ClinicDay, House};
use crate::coordination::{Asked, Asking, Chooser, answered, guarded};
use crate::engine::{Activity, Decided, Decision, Decisions, Episode, EpisodeLog};

/// What the asking of the staff needs.
pub(super) fn asking(asked: &Asked, staff: usize, beds: usize) -> Asking {
    let names: Arc<[String]> = (0..beds).map(|bed| format!("bed {bed}")).collect();
    Asking::new(include_str!("asked.txt"), vec![names; staff], asked.history)
}

/// The staff is told what it may know and asked, all of a day at once.
pub(super) fn ask(
    mut activity: ResMut<Activity>,
    mut decisions: ResMut<Decisions<Situation, Option<u32>>>,
    mut days: Query<(Entity, &mut Episode, &mut ClinicDay)>,
    beds: Query<&Bed>,
) {
    for (entity, mut episode, mut day) in &mut days {
        let day = &mut *day;
        let ix = episode.ix;
        let Chooser::Asked(asking) = &mut day.chooser else {
            continue;
        };
        if episode.outcome.is_some() || asking.awaited {
            continue;
        }
        activity.note();
        let played = day.round.0 > 1;
        let mut asks = Vec::with_capacity(day.actions.len());
        let told = guarded::<EnvironmentError>(&mut episode, || {
            let in_beds = day.beds.iter().map(|&bed| match beds.get(bed) {
                Ok(bed) => of_bed(day.day.now_min(), &day.day, &day.house, bed),
                Err(_) => Value::Null,
            });
            let in_beds: Value = in_beds.collect();
            let names = day.house.staff.names();
            for (agent, &stood) in day.actions.iter().enumerate() {
                if played {
                    let turn = json!({"tick": day.round.0 - 1, "bed": stood});
                    asking.remember(agent, turn);
                }
                let neighbours = day.graph.neighbours(agent).map(|(other, _)| {
                    let bed = day.actions.get(other).copied().flatten();
                    json!({"speciality": names.get(other), "bed": bed})
                });
                let told = json!({
                    "tick": day.round,
                    "ticks": day.ticks,
                    "minute": day.day.now_min(),
                    "speciality": names.get(agent),
                    "you_stand_at": stood,
                    "neighbours": neighbours.collect::<Value>(),
                    "own_past": asking.past(agent),
                    "waiting": day.day.counts().waiting,
                    "beds": in_beds,
                });
                asks.push(asking.ask(ix, day.round, agent, told, stood));
            }
            Ok(())
        });
        if told {
            asking.awaited = true;
            for ask in asks {
                decisions.ask(entity, &mut episode, entity, 0, ask);
            }
        }
    }
}

/// What stands on the chart of a bed.
fn of_bed(
    now_min: f64,
    day: &rounds_environments::clinic::day::Day,
    house: &House,
    bed: &Bed,
) -> Value {
    let number = bed.number;
    let Some((at, patient)) = day
        .in_bed(number)
        .and_then(|patient| Some((patient, day.patient(patient)?)))
    else {
        return json!({"bed": number, "empty": true});
    };
    let since = ((now_min - patient.arrives_min) * 10.0).round() / 10.0;
    let mut told = json!({
        "bed": number,
        "patient": at,
        "acuity": patient.acuity,
        "minutes_since_arrival": since,
    });
    if day.phase(at) != Stage::Open {
        told["diagnosed"] = json!(true);
        return told;
    }
    let known = |wanted: bool| -> Value {
        let known = bed.bedside.known().iter();
        let known = known.filter(|(_, present)| *present == wanted);
        known
            .map(|(finding, _)| &*house.plan.knowledge.finding(*finding).name)
            .collect()
    };
    told["complaint"] = json!(&*patient.patient.introduction().text);
    told["present"] = known(true);
    told["absent"] = known(false);
    told
}

/// Takes the answers of a day whose staff has all answered.
pub(super) fn take_answers(
    mut activity: ResMut<Activity>,
    mut days: Query<(
        &mut Episode,
        &mut EpisodeLog,
        &mut ClinicDay,
        &mut Decided<Option<u32>>,
    )>,
) {
    for (mut episode, mut log, mut day, mut decided) in &mut days {
        let day = &mut *day;
        let Chooser::Asked(asking) = &mut day.chooser else {
            continue;
        };
        let at = (day.round.0, day.day.now_min());
        let names = day.house.staff.names();
        let log = |agent: usize, decision: &Decision<Option<u32>>| {
            let name = names.get(agent).map_or("", String::as_str);
            decision.faults.log(&mut log.0, at, ("doctor", name));
        };
        if answered(&mut episode, asking, &mut decided, &mut day.actions, log) {
            activity.note();
            day.chosen = true;
        }
    }
}
