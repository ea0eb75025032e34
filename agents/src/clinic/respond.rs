//! Patients whose answers somebody gives: the question is a slow decision like any other, so that
//! the world goes on, and the answer is recorded.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use rounds_environments::clinic::dialogue::{Answer, Question};
use rounds_environments::clinic::patient::Patient;
use rounds_environments::ids::RoundIx;
use rounds_policies::clinic::respond::{Consultation, PATIENT, PatientTask, Said};
use rounds_policies::clinic::speech::{Heard, Speech};
use rounds_policies::clinic::task::DoctorView;
use rounds_policies::policy::{Ask, AskKey, Decider};

use super::advance::{ask_patients, give};
use super::config::Clinic;
use super::consultation::{hear_patient_side, put_words};
use super::perceive::presented;
use super::visit::{Stage, Visit};
use crate::engine::{
    Activity, Awake, Decided, Decisions, DecisionsPlugin, Episode, EpisodeClock, EpisodeLog, Group,
    GroupOf, Outcome, Phase, Tick,
};

/// Who speaks for the patients.
#[derive(Resource, Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A person, who is asked each question once and may answer as it likes.
    Person,
    /// A model, which introduces the patient and puts in words what the record says.
    Model,
}

/// Lets `decider` answer what a patient can say of itself; beside a [`super::ClinicPlugin`].
pub struct RespondentPlugin {
    /// Who answers.
    pub decider: Decider<Consultation, Said>,
    /// What it is asked.
    pub voice: Voice,
}

/// Requests that wait for the patient's own words.
type Respondent = Decisions<Consultation, Said>;

impl Plugin for RespondentPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(DecisionsPlugin::<Consultation, Said>::second())
            .insert_resource(Respondent::new(vec![self.decider.clone()]))
            .insert_resource(self.voice)
            .add_systems(
                Tick,
                (hear_patients, hear_patient_side)
                    .chain()
                    .before(ask_patients)
                    .before(put_words)
                    .in_set(Phase::Advance),
            );
    }
}

/// Whoever speaks for the patients, where somebody does.
#[derive(SystemParam)]
pub(super) struct Speaking<'w> {
    respondent: Option<ResMut<'w, Respondent>>,
    voice: Option<Res<'w, Voice>>,
}

/// Whose question it is, when.
pub(super) struct Asker<'a> {
    pub(super) entity: Entity,
    pub(super) episode: &'a mut Episode,
    pub(super) group: Entity,
    pub(super) round: u32,
    pub(super) view: &'a Arc<DoctorView>,
    /// Requests so far on behalf of this patient.
    pub(super) requests: &'a mut u32,
}

impl Speaking<'_> {
    /// Who speaks.
    pub(super) fn voice(&self) -> Option<Voice> {
        self.voice.as_deref().copied()
    }

    /// Puts a task to whoever speaks.
    pub(super) fn ask(&mut self, asker: Asker<'_>, task: PatientTask) {
        let Some(respondent) = &mut self.respondent else {
            return;
        };
        let key = AskKey {
            episode: asker.episode.ix,
            agent: PATIENT,
            round: RoundIx(asker.round),
            number: *asker.requests,
        };
        *asker.requests += 1;
        let observation = Consultation {
            view: Arc::clone(asker.view),
            task,
        };
        let ask = Ask { key, observation };
        respondent.ask(asker.entity, asker.episode, asker.group, 0, ask);
    }

    /// Lets the patient introduce itself; `false` where nobody does that for it.
    pub(super) fn introduce(
        &mut self,
        (entity, episode): (Entity, &mut Episode),
        group: Entity,
        visit: &mut Visit,
    ) -> bool {
        if self.voice() != Some(Voice::Model) {
            return false;
        }
        let task = PatientTask::Introduce {
            account: visit.patient.account(false),
            recorded: Arc::clone(&visit.view.introduction.text),
        };
        self.ask(visit.asker(entity, episode, group), task);
        visit.stage = Stage::Introducing;
        true
    }

    /// Puts a question to whoever speaks for the patient; `None` and the question back where it
    /// was answered in the same way before.
    pub(super) fn put(
        &mut self,
        (entity, episode): (Entity, &mut Episode),
        group: Entity,
        visit: &mut Visit,
        (question, recorded): (Question, Answer),
    ) -> Option<(Question, Answer)> {
        let speech = match self.voice() {
            Some(Voice::Person) => {
                // A person may have been passed over: its requests are told apart by exchanges.
                visit.patient_requests = visit.view.exchanges.len() as u32;
                Speech::of_person(question, recorded)
            }
            _ => match said_before(&visit.view, &question, &recorded) {
                Some(answer) => return Some((question, answer)),
                None => Speech::new(question, recorded),
            },
        };
        self.go_on((entity, episode), group, visit, speech);
        None
    }

    fn go_on(
        &mut self,
        (entity, episode): (Entity, &mut Episode),
        group: Entity,
        visit: &mut Visit,
        speech: Speech,
    ) {
        let task = task(&speech, visit.patient.as_ref(), false);
        self.ask(visit.asker(entity, episode, group), task);
        visit.stage = Stage::Respond { speech };
    }
}

/// What is asked now; what examinations found is left out when only what is `told` counts.
pub(super) fn task(speech: &Speech, patient: &dyn Patient, told: bool) -> PatientTask {
    speech.task(|| patient.account(told))
}

/// The answer to the same question, for which the same was found: a patient says the same again.
pub(super) fn said_before(
    view: &DoctorView,
    question: &Question,
    recorded: &Answer,
) -> Option<Answer> {
    let found = |answer: &Answer| (answer.present, answer.targets == recorded.targets);
    let mut exchanges = view.exchanges.iter();
    let before = exchanges
        .find(|x| x.question == *question && found(&x.answer) == (recorded.present, true))?;
    Some(Answer {
        cost: recorded.cost,
        turnaround_min: recorded.turnaround_min,
        ..before.answer.clone()
    })
}

/// What the patient says reaches the doctors, after its turnaround.
fn hear_patients(
    mut commands: Commands,
    clinic: Res<Clinic>,
    mut speaking: Speaking,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &mut EpisodeClock)>,
    mut visits: Query<(Entity, &Group, &GroupOf, &mut Visit, &mut Decided<Said>), With<Awake>>,
) {
    for (entity, group, of, mut visit, mut decided) in &mut visits {
        let Some(decision) = decided.bypass_change_detection().0.pop() else {
            continue;
        };
        let Ok((mut episode, mut log, mut clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        activity.note();
        let visit = &mut *visit;
        let at = (visit.round, clock.0.now_min());
        decision.faults.log(&mut log.0, at, ("patient", ""));
        let stage = std::mem::replace(&mut visit.stage, Stage::Over);
        match (decision.result, stage) {
            (Ok(said), Stage::Respond { speech }) => match speech.hear(said) {
                Heard::Ask(speech) => {
                    speaking.go_on((of.0, &mut *episode), entity, visit, speech);
                }
                Heard::Answer(question, answer) => {
                    let given = (question, answer);
                    give(&clinic, group, visit, given, &mut log.0, &mut clock);
                }
            },
            (Ok(said), Stage::Introducing) => {
                if let Said::Words(text) = said {
                    Arc::make_mut(&mut visit.view).introduction.text = text;
                }
                presented(
                    &clinic,
                    &mut commands,
                    (of.0, &mut *episode),
                    entity,
                    visit,
                    &mut log.0,
                    at.1,
                );
            }
            (Ok(_), stage) => visit.stage = stage,
            (Err(error), _) => episode.end(Outcome::from(error)),
        }
    }
}
