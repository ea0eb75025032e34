//! Advance: words reach the patient or the measurement side, and answers come back.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_policies::clinic::consultation::{Remark, Speaker};
use rounds_policies::clinic::task::Exchange;

use super::respond::respond;
use super::rules::ConsultingRules;
use super::speak::put;
use super::state::{Consult, ConsultStage};
use crate::clinic::advance::{TIMELINE, apply_timeline, pass_question};
use crate::clinic::config::Clinic;
use crate::clinic::respond::{Speaking, Voice};
use crate::engine::{
    Activity, Awake, Episode, EpisodeClock, EpisodeLog, EventLog, Group, GroupOf, Groups, Outcome,
    panic_text, quietly,
};

/// Puts the doctor's words to the side that they are for.
pub(in crate::clinic) fn put_words(
    clinic: Res<Clinic>,
    rules: Res<ConsultingRules>,
    mut speaking: Speaking,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut consults: Query<(Entity, &Group, &GroupOf, &mut Consult), With<Awake>>,
) {
    for (entity, group, of, mut consult) in &mut consults {
        if !matches!(consult.stage, ConsultStage::Ask { .. }) {
            continue;
        }
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        let consult = &mut *consult;
        let stage = std::mem::replace(&mut consult.stage, ConsultStage::Over);
        let ConsultStage::Ask { to, words } = stage else {
            continue;
        };
        activity.note();
        let now = pass_question(
            &clinic,
            &mut clock,
            consult.turn,
            consult.patient.as_mut(),
            &mut log.0,
        );
        let patient = consult.patient.as_ref();
        let respond = || {
            respond(
                patient,
                &clinic.knowledge,
                rules.missing_test,
                to,
                &words,
                now,
            )
        };
        match quietly(|| catch_unwind(AssertUnwindSafe(respond))) {
            Err(panic) => episode.end(Outcome::Failed(format!(
                "the patient panicked: {}",
                panic_text(panic.as_ref())
            ))),
            Ok(asked) => {
                let spoken = to == Speaker::Patient && speaking.voice() == Some(Voice::Model);
                let given = match spoken {
                    true => put(&mut speaking, (of.0, &mut *episode), entity, consult, asked),
                    false => Some(asked),
                };
                if let Some(given) = given {
                    give(&clinic, group, consult, (to, given), &mut log.0, &mut clock);
                }
            }
        }
    }
}

/// Moves the clock of each episode whose groups all wait, and delivers what is due.
pub(super) fn advance_clocks(
    clinic: Res<Clinic>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&Groups, &mut EpisodeLog, &mut EpisodeClock)>,
    mut consults: Query<(&Group, &mut Consult)>,
) {
    for (groups, mut log, mut clock) in &mut episodes {
        if clock.0.is_empty() {
            continue;
        }
        let waits = |(_, c): (&Group, &Consult)| matches!(c.stage, ConsultStage::Await { .. });
        if !consults.iter_many(groups.iter()).flatten().all(waits) {
            continue;
        }
        let Some(token) = clock.0.advance_to_next() else {
            continue;
        };
        activity.note();
        let now = clock.0.now_min();
        let mut members = consults.iter_many_mut(groups.iter()).matched();
        while let Some((group, mut consult)) = members.fetch_next() {
            let consult = &mut *consult;
            if token >= TIMELINE {
                let turn = consult.turn;
                apply_timeline(
                    &clinic,
                    token,
                    turn,
                    consult.patient.as_mut(),
                    &mut log.0,
                    now,
                );
            } else if u64::from(group.0.0) == token
                && let ConsultStage::Await {
                    by,
                    question,
                    answer,
                } = std::mem::replace(&mut consult.stage, ConsultStage::Over)
            {
                deliver(&clinic, consult, by, question, answer, &mut log.0, now);
            }
        }
    }
}

/// Delivers an answer, now or after its turnaround.
pub(super) fn give(
    clinic: &Clinic,
    group: &Group,
    consult: &mut Consult,
    (by, (question, answer)): (Speaker, (Question, Answer)),
    log: &mut EventLog,
    clock: &mut EpisodeClock,
) {
    let now = clock.0.now_min();
    if answer.turnaround_min > 0.0 {
        let at = now + answer.turnaround_min;
        clock.0.schedule(at, u64::from(group.0.0));
        consult.stage = ConsultStage::Await {
            by,
            question,
            answer,
        };
    } else {
        deliver(clinic, consult, by, question, answer, log, now);
    }
}

fn deliver(
    clinic: &Clinic,
    consult: &mut Consult,
    by: Speaker,
    question: Question,
    answer: Answer,
    log: &mut EventLog,
    now: f64,
) {
    consult.cost += answer.cost;
    let text: Arc<str> = answer.text.clone().unwrap_or_else(|| "".into());
    if let Some(mut event) = log.event(consult.turn, now, "patient", by.name(), "answered") {
        if let Question::Finding(ix) = question {
            event.add("finding", &clinic.knowledge.finding(ix).id);
        }
        event
            .add("answer", &answer.kind)
            .add("present", &answer.present)
            .add("text", &*text)
            .add("source", &answer.source);
        if !answer.targets.is_empty() {
            event.add("targets", &answer.targets);
        }
        event.add("cost", &answer.cost);
    }
    Arc::make_mut(&mut consult.dialogue).push(Remark { by, text });
    Arc::make_mut(&mut consult.view)
        .exchanges
        .push(Exchange { question, answer });
    consult.stage = ConsultStage::Begin;
}
