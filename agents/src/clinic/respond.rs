//! Patients whose answers somebody gives: the question is a slow decision like any other, so that
//! the world goes on, and the answer is recorded.

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_environments::ids::RoundIx;
use rounds_policies::clinic::respond::{Consultation, PATIENT, Said};
use rounds_policies::policy::{Ask, AskKey, Decider};

use super::advance::{ask_patients, give};
use super::config::Clinic;
use super::visit::{Stage, Visit};
use crate::engine::{
    Activity, Decided, Decisions, DecisionsPlugin, Episode, EpisodeClock, EpisodeLog, Group,
    GroupOf, Outcome, Phase, Tick,
};

/// Lets `decider` answer what a patient can say of itself; beside a [`super::ClinicPlugin`].
pub struct RespondentPlugin {
    /// Who answers.
    pub decider: Decider<Consultation, Said>,
}

/// Questions that wait for the patient's own words.
pub(super) type Respondent = Decisions<Consultation, Said>;

impl Plugin for RespondentPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(DecisionsPlugin::<Consultation, Said>::second())
            .insert_resource(Respondent::new(vec![self.decider.clone()]))
            .add_systems(
                Tick,
                hear_patients.in_set(Phase::Advance).before(ask_patients),
            );
    }
}

/// Puts a question to whoever answers for the patient.
pub(super) fn put(
    respondent: &mut Respondent,
    (entity, episode): (Entity, &mut Episode),
    group: Entity,
    visit: &mut Visit,
    (question, recorded): (Question, Answer),
) {
    let key = AskKey {
        episode: episode.ix,
        agent: PATIENT,
        round: RoundIx(visit.round),
        number: visit.view.exchanges.len() as u32,
    };
    let observation = Consultation {
        view: std::sync::Arc::clone(&visit.view),
        question: question.clone(),
        recorded: recorded.clone(),
    };
    respondent.ask(entity, episode, group, 0, Ask { key, observation });
    visit.stage = Stage::Respond { question, recorded };
}

/// What the patient says reaches the doctors, after its turnaround.
fn hear_patients(
    clinic: Res<Clinic>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut visits: Query<(&Group, &GroupOf, &mut Visit, &mut Decided<Said>)>,
) {
    for (group, of, mut visit, mut decided) in &mut visits {
        let Some(decision) = decided.bypass_change_detection().0.pop() else {
            continue;
        };
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        activity.note();
        let visit = &mut *visit;
        let Stage::Respond { question, recorded } =
            std::mem::replace(&mut visit.stage, Stage::Over)
        else {
            continue;
        };
        match decision.result {
            Ok(said) => {
                let answer = said.over(recorded);
                give(
                    &clinic,
                    group,
                    visit,
                    (question, answer),
                    &mut log.0,
                    &mut clock,
                );
            }
            Err(error) => episode.end(Outcome::from(error)),
        }
    }
}
