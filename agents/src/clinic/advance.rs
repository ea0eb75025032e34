//! Advance: questions reach the patient, answers come back after their turnaround, and the
//! timeline changes settings.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_environments::clinic::patient::Patient;
use rounds_policies::clinic::respond::is_for_a_person;
use rounds_policies::clinic::task::Exchange;

use super::act::after_answer;
use super::config::Clinic;
use super::respond::Speaking;
use super::visit::{Stage, Visit};
use crate::engine::{
    Activity, Awake, Episode, EpisodeClock, EpisodeLog, EventLog, Group, GroupOf, Groups, Outcome,
    panic_text, quietly,
};

/// Scheduled events at or above this number are entries of the timeline; below, groups whose
/// answer has come.
pub(super) const TIMELINE: u64 = 1 << 32;

/// Puts chosen questions to the patients.
pub(super) fn ask_patients(
    clinic: Res<Clinic>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut visits: Query<(Entity, &Group, &GroupOf, &mut Visit), With<Awake>>,
    mut speaking: Speaking,
) {
    for (entity, group, of, mut visit) in &mut visits {
        if !matches!(visit.stage, Stage::Ask { .. }) {
            continue;
        }
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        let visit = &mut *visit;
        let Stage::Ask { question } = std::mem::replace(&mut visit.stage, Stage::Over) else {
            continue;
        };
        activity.note();
        let now = pass_question(
            &clinic,
            &mut clock,
            visit.round,
            visit.patient.as_mut(),
            &mut log.0,
        );
        let patient = &visit.patient;
        let answer = quietly(|| catch_unwind(AssertUnwindSafe(|| patient.answer(&question, now))));
        match answer {
            Err(panic) => episode.end(Outcome::Failed(format!(
                "the patient panicked: {}",
                panic_text(panic.as_ref())
            ))),
            Ok(answer) => {
                let asked = (question, answer);
                let spoken =
                    speaking.voice().is_some() && is_for_a_person(&asked.0, &clinic.knowledge);
                let given = match spoken {
                    true => speaking.put((of.0, &mut *episode), entity, visit, asked),
                    false => Some(asked),
                };
                if let Some(given) = given {
                    give(&clinic, group, visit, given, &mut log.0, &mut clock);
                }
            }
        }
    }
}

/// Delivers an answer, now or after its turnaround.
pub(super) fn give(
    clinic: &Clinic,
    group: &Group,
    visit: &mut Visit,
    (question, answer): (Question, Answer),
    log: &mut EventLog,
    clock: &mut EpisodeClock,
) {
    let now = clock.0.now_min();
    if answer.turnaround_min > 0.0 {
        clock
            .0
            .schedule(now + answer.turnaround_min, u64::from(group.0.0));
        visit.stage = Stage::Await { question, answer };
    } else {
        deliver(clinic, visit, question, answer, log, now);
    }
}

/// The time that a question takes passes, and the timeline changes what is due by then; the minute
/// at which the question is answered.
pub(super) fn pass_question(
    clinic: &Clinic,
    clock: &mut EpisodeClock,
    round: u32,
    patient: &mut dyn Patient,
    log: &mut EventLog,
) -> f64 {
    clock.0.pass(clinic.visit.minutes_per_question);
    while clock
        .0
        .next_at_min()
        .is_some_and(|at| at <= clock.0.now_min())
        && let Some(token) = clock.0.pop_due()
    {
        let now = clock.0.now_min();
        apply_timeline(clinic, token, round, &mut *patient, log, now);
    }
    clock.0.now_min()
}

/// Moves the clock of each episode whose groups all wait, and delivers what is due.
pub(super) fn advance_clocks(
    clinic: Res<Clinic>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&Groups, &mut EpisodeLog, &mut EpisodeClock)>,
    mut visits: Query<(&Group, &mut Visit)>,
) {
    for (groups, mut log, mut clock) in &mut episodes {
        if clock.0.is_empty() {
            continue;
        }
        let all_wait = visits
            .iter_many(groups.iter())
            .flatten()
            .all(|(_, v)| matches!(v.stage, Stage::Await { .. }));
        if !all_wait {
            continue;
        }
        let Some(token) = clock.0.advance_to_next() else {
            continue;
        };
        activity.note();
        let now = clock.0.now_min();
        let mut members = visits.iter_many_mut(groups.iter()).matched();
        while let Some((group, mut visit)) = members.fetch_next() {
            let visit = &mut *visit;
            if token >= TIMELINE {
                let round = visit.round;
                apply_timeline(
                    &clinic,
                    token,
                    round,
                    visit.patient.as_mut(),
                    &mut log.0,
                    now,
                );
            } else if u64::from(group.0.0) == token
                && let Stage::Await { question, answer } =
                    std::mem::replace(&mut visit.stage, Stage::Over)
            {
                deliver(&clinic, visit, question, answer, &mut log.0, now);
            }
        }
    }
}

fn deliver(
    clinic: &Clinic,
    visit: &mut Visit,
    question: Question,
    answer: Answer,
    log: &mut EventLog,
    now: f64,
) {
    visit.cost += answer.cost;
    if let Some(mut event) = log.event(visit.round, now, "patient", "", "answered") {
        if let Question::Finding(e) = question {
            event.add("finding", &clinic.knowledge.finding(e).id);
        }
        event
            .add("answer", &answer.kind)
            .add("present", &answer.present);
        match &answer.text {
            Some(text) => event.add("text", &**text),
            None => event.add(
                "text",
                match answer.present {
                    Some(true) => "Yes.",
                    Some(false) => "No.",
                    None => "I do not know.",
                },
            ),
        };
        event.add("source", &answer.source);
        if !answer.targets.is_empty() {
            event.add("targets", &answer.targets);
        }
        event.add("cost", &answer.cost);
    }
    // The view is shared with observations that are gone by now: this changes it in place.
    Arc::make_mut(&mut visit.view)
        .exchanges
        .push(Exchange { question, answer });
    visit.stage = after_answer(clinic.visit.coordination);
}

/// Puts the entries of the timeline on the clock of an episode.
pub(super) fn schedule_timeline(world: &mut World, episode: Entity, clinic: &Clinic) {
    if let Some(mut clock) = world.get_mut::<EpisodeClock>(episode) {
        for (number, entry) in clinic.timeline.iter().enumerate() {
            clock.0.schedule(entry.at_min, TIMELINE + number as u64);
        }
    }
}

/// Applies an entry of the timeline to a patient.
pub(super) fn apply_timeline(
    clinic: &Clinic,
    token: u64,
    round: u32,
    patient: &mut dyn Patient,
    log: &mut EventLog,
    now: f64,
) {
    let Some(entry) = token
        .checked_sub(TIMELINE)
        .and_then(|ix| clinic.timeline.get(ix as usize))
    else {
        return;
    };
    for (key, value) in &entry.set {
        let outcome = patient.set(key, value);
        if let Some(mut event) = log.event(round, now, "world", "", "changed") {
            event.add("setting", key).add("value", value);
            if let Err(error) = outcome {
                event.add("error", &error.to_string());
            }
        }
    }
}
