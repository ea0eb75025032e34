//! Perceive: the start, the begin of each turn, and the requests for decisions.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use rounds_environments::ids::RoundIx;
use rounds_policies::clinic::consultation::{Consultation, Turn, TurnTask};
use rounds_policies::policy::{Ask, AskKey};

use super::conclude::conclude;
use super::rules::ConsultingRules;
use super::state::{Consult, ConsultStage};
use crate::clinic::config::Clinic;
use crate::engine::{
    Activity, Awake, Decisions, Episode, EpisodeClock, EpisodeLog, GroupOf, Outcome,
};

/// Index of the moderator among the deciders.
pub(super) const MODERATOR: usize = 1;

/// What the perceiving systems share.
#[derive(SystemParam)]
pub(super) struct Perceiving<'w, 's> {
    clinic: Res<'w, Clinic>,
    rules: Res<'w, ConsultingRules>,
    decisions: ResMut<'w, Decisions<Consultation, Turn>>,
    activity: ResMut<'w, Activity>,
    episodes: Query<
        'w,
        's,
        (
            &'static mut Episode,
            &'static mut EpisodeLog,
            &'static EpisodeClock,
        ),
    >,
    consults: Query<'w, 's, (Entity, &'static GroupOf, &'static mut Consult), With<Awake>>,
}

/// The doctor gets the objective.
pub(super) fn open(mut p: Perceiving) {
    for (_, of, mut consult) in &mut p.consults {
        if !matches!(consult.stage, ConsultStage::Open) {
            continue;
        }
        let Ok((_, mut log, clock)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        let now = clock.0.now_min();
        if let Some(mut event) = log.0.event(0, now, "world", "", "patient") {
            let truth = consult.patient.truth();
            event
                .add("case", consult.patient.case())
                .add("truth", &truth.names)
                .add("codes", &truth.codes);
        }
        // The objective is no word of the patient, but it is all that the doctor side begins with.
        if let Some(mut event) = log.0.event(0, now, "patient", "moderator", "introduced") {
            event.add("text", &*consult.brief.objective);
        }
        consult.stage = ConsultStage::Begin;
    }
}

/// Begins the next turn; when the turns ran out, the consultation ends without a diagnosis.
pub(super) fn begin_turn(mut p: Perceiving) {
    let limits = &p.clinic.visit;
    for (_, of, mut consult) in &mut p.consults {
        if !matches!(consult.stage, ConsultStage::Begin) {
            continue;
        }
        let Ok((mut episode, mut log, clock)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        let now = clock.0.now_min();
        let cut = if limits.max_cost.is_some_and(|most| consult.cost > most) {
            Some(format!("cost limit: {:.2} USD spent", consult.cost))
        } else if limits.max_minutes.is_some_and(|most| now > most) {
            Some(format!("time limit: {now:.0} minutes passed"))
        } else {
            None
        };
        if let Some(reason) = cut {
            episode.end(Outcome::Aborted(reason));
            consult.stage = ConsultStage::Over;
        } else if consult.turn >= consult.brief.turns {
            conclude(
                &p.rules,
                &mut consult,
                &mut episode,
                &mut log.0,
                now,
                None,
                false,
            );
        } else {
            consult.turn += 1;
            consult.stage = ConsultStage::Speak;
        }
    }
}

/// The doctor is asked for its words, the moderator for its verdict.
pub(super) fn ask_agents(mut p: Perceiving) {
    for (group, of, mut consult) in &mut p.consults {
        if consult.asked {
            continue;
        }
        let (decider, agent, task) = match &consult.stage {
            ConsultStage::Speak => {
                let (turn, last) = (consult.turn, consult.turn == consult.brief.turns);
                (0, consult.doctor, TurnTask::Speak { turn, last })
            }
            ConsultStage::Judge { said } => {
                let task = TurnTask::Judge {
                    said: Arc::clone(said),
                    truth: consult.patient.truth().names.clone().into(),
                };
                (MODERATOR, consult.moderator, task)
            }
            _ => continue,
        };
        let Ok((mut episode, ..)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        let key = AskKey {
            episode: episode.ix,
            agent,
            round: RoundIx(consult.turn),
            number: consult.requests,
        };
        consult.requests += 1;
        consult.asked = true;
        let observation = Consultation {
            task,
            brief: Arc::clone(&consult.brief),
            dialogue: Arc::clone(&consult.dialogue),
            view: Arc::clone(&consult.view),
        };
        let ask = Ask { key, observation };
        p.decisions.ask(of.0, &mut episode, group, decider, ask);
    }
}
