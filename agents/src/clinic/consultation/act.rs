//! Act: the doctor's words and the moderator's verdict are applied.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use rounds_policies::clinic::consultation::{Consultation, Remark, Speaker, Turn, Utterance};
use rounds_policies::policy::PolicyError;

use super::conclude::{Verdict, conclude, judge};
use super::perceive::MODERATOR;
use super::respond::named_finding;
use super::rules::ConsultingRules;
use super::state::{Consult, ConsultStage};
use crate::clinic::config::Clinic;
use crate::engine::{
    Activity, Awake, Decided, Decisions, Episode, EpisodeClock, EpisodeLog, EventLog, GroupOf,
    Outcome,
};

/// Applies what was decided.
pub(super) fn apply_turns(
    clinic: Res<Clinic>,
    rules: Res<ConsultingRules>,
    decisions: Res<Decisions<Consultation, Turn>>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &mut EpisodeLog, &EpisodeClock)>,
    mut consults: Query<(&GroupOf, &mut Consult, &mut Decided<Turn>), With<Awake>>,
) {
    let by_model = decisions.deciders() > MODERATOR;
    for (of, mut consult, mut decided) in &mut consults {
        let Ok((mut episode, mut log, clock)) = episodes.get_mut(of.0) else {
            continue;
        };
        if !consult.asked || episode.open > 0 {
            continue;
        }
        let Some(decision) = decided.0.pop() else {
            continue;
        };
        activity.note();
        consult.asked = false;
        let now = clock.0.now_min();
        let (log, consult, episode) = (&mut log.0, &mut *consult, &mut *episode);
        let who = match consult.stage {
            ConsultStage::Speak => ("doctor", "doctor"),
            _ => ("world", "moderator"),
        };
        decision.faults.log(log, (consult.turn, now), who);
        let judging = matches!(consult.stage, ConsultStage::Judge { .. });
        match (decision.result, judging) {
            (Ok(Turn::Said(words)), false) => {
                let words = words.trim();
                if words.is_empty() {
                    fail(
                        consult,
                        episode,
                        &PolicyError::Garbage("empty words".to_owned()),
                    );
                    continue;
                }
                match rules.markers.read(words) {
                    Utterance::Diagnosis(name) => {
                        let said = Some(name.into());
                        conclude(&rules, consult, episode, log, now, said, by_model);
                    }
                    Utterance::Test(test) => ask(&clinic, consult, log, now, words, Some(test)),
                    Utterance::Ask(_) => ask(&clinic, consult, log, now, words, None),
                }
            }
            (Ok(Turn::Verdict(verdict)), true) => {
                let verdict = match verdict {
                    Some(true) => Verdict::Correct,
                    Some(false) => Verdict::Wrong,
                    None => Verdict::Undetermined,
                };
                judge(consult, episode, log, now, verdict, "model");
            }
            // A moderator that cannot be reached gives no verdict; the consultation is done.
            (Err(_), true) => {
                judge(consult, episode, log, now, Verdict::Undetermined, "model");
            }
            (Ok(other), _) => {
                let (expected, got) = match other {
                    Turn::Said(_) => ("a verdict", "words"),
                    Turn::Verdict(_) => ("words", "a verdict"),
                };
                let why = format!("expected {expected}, got {got}");
                fail(consult, episode, &PolicyError::Garbage(why));
            }
            (Err(error), false) => fail(consult, episode, &error),
        }
    }
}

fn fail(consult: &mut Consult, episode: &mut Episode, error: &PolicyError) {
    episode.end(Outcome::Failed(error.to_string()));
    consult.stage = ConsultStage::Over;
}

/// The words go to the patient, or the test to the measurement side.
fn ask(
    clinic: &Clinic,
    consult: &mut Consult,
    log: &mut EventLog,
    now: f64,
    words: &str,
    test: Option<&str>,
) {
    let to = match test {
        Some(_) => Speaker::Measurement,
        None => Speaker::Patient,
    };
    if let Some(mut event) = log.event(consult.turn, now, "doctor", "doctor", "asked") {
        if let Some(ix) = named_finding(&clinic.knowledge, to, test.unwrap_or(words)) {
            event.add("finding", &clinic.knowledge.finding(ix).id);
        }
        event.add("text", words).add("to", to.name());
        if let Some(test) = test {
            event.add("test", test);
        }
    }
    Arc::make_mut(&mut consult.dialogue).push(Remark {
        by: Speaker::Doctor,
        text: words.into(),
    });
    consult.stage = ConsultStage::Ask {
        to,
        words: test.unwrap_or(words).into(),
    };
}
