//! The patient of a consultation in the words of a model.

use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_policies::clinic::consultation::Speaker;
use rounds_policies::clinic::respond::Said;
use rounds_policies::clinic::speech::{Heard, Speech};

use super::advance::give;
use super::state::{Consult, ConsultStage};
use crate::clinic::config::Clinic;
use crate::clinic::respond::{Asker, Speaking, said_before, task};
use crate::engine::{
    Activity, Awake, Decided, Episode, EpisodeClock, EpisodeLog, Group, GroupOf, Outcome,
};

/// Puts words to the model that speaks for the patient; the answer where it was given before.
pub(super) fn put(
    speaking: &mut Speaking,
    (entity, episode): (Entity, &mut Episode),
    group: Entity,
    consult: &mut Consult,
    (question, recorded): (Question, Answer),
) -> Option<(Question, Answer)> {
    if let Some(answer) = said_before(&consult.view, &question, &recorded) {
        return Some((question, answer));
    }
    let speech = Speech::new(question, recorded);
    go_on(speaking, (entity, episode), group, consult, speech);
    None
}

fn go_on(
    speaking: &mut Speaking,
    (entity, episode): (Entity, &mut Episode),
    group: Entity,
    consult: &mut Consult,
    speech: Speech,
) {
    // Examinations and tests are for the measurement side.
    let task = task(&speech, consult.patient.as_ref(), true);
    let asker = Asker {
        entity,
        episode,
        group,
        round: consult.turn,
        view: &consult.view,
        requests: &mut consult.patient_requests,
    };
    speaking.ask(asker, task);
    consult.stage = ConsultStage::Respond { speech };
}

/// What the patient says reaches the doctor, after its turnaround.
pub(in crate::clinic) fn hear_patient_side(
    clinic: Res<Clinic>,
    mut speaking: Speaking,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut consults: Query<(Entity, &Group, &GroupOf, &mut Consult, &mut Decided<Said>), With<Awake>>,
) {
    for (entity, group, of, mut consult, mut decided) in &mut consults {
        let Some(decision) = decided.bypass_change_detection().0.pop() else {
            continue;
        };
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        activity.note();
        let consult = &mut *consult;
        let at = (consult.turn, clock.0.now_min());
        decision.faults.log(&mut log.0, at, ("patient", ""));
        let stage = std::mem::replace(&mut consult.stage, ConsultStage::Over);
        match (decision.result, stage) {
            (Ok(said), ConsultStage::Respond { speech }) => match speech.hear(said) {
                Heard::Ask(speech) => {
                    let owner = (of.0, &mut *episode);
                    go_on(&mut speaking, owner, entity, consult, speech);
                }
                Heard::Answer(question, answer) => {
                    let given = (Speaker::Patient, (question, answer));
                    give(&clinic, group, consult, given, &mut log.0, &mut clock);
                }
            },
            (Ok(_), stage) => consult.stage = stage,
            (Err(error), _) => episode.end(Outcome::from(error)),
        }
    }
}
