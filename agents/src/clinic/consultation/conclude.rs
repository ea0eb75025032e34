//! The end of a consultation: the diagnosis and what the moderator says of it.

use std::sync::Arc;

use rounds_environments::clinic::naming::CodeNamer;
use rounds_environments::clinic::patient::Truth;
use rounds_environments::clinic::record::CodeSource;
use serde::Serialize;

use super::rules::ConsultingRules;
use super::state::{Consult, ConsultStage};
use crate::engine::{Episode, EventLog, Outcome};

/// What a moderator comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Correct,
    Wrong,
    /// The moderator's reply could not be read.
    Undetermined,
    /// The case has no true diagnosis.
    Unscored,
}

#[derive(Serialize)]
struct Listed<'a> {
    name: &'a str,
}

/// Logs the diagnosis, or that there is none, and goes to the moderator: a model where
/// `by_model`, else names and codes are compared at once. No diagnosis is wrong.
pub(super) fn conclude(
    rules: &ConsultingRules,
    consult: &mut Consult,
    episode: &mut Episode,
    log: &mut EventLog,
    now_min: f64,
    said: Option<Arc<str>>,
    by_model: bool,
) {
    if let Some(mut event) = log.event(consult.turn, now_min, "doctor", "doctor", "diagnosed") {
        let list: Vec<Listed<'_>> = said.iter().map(|name| Listed { name }).collect();
        event.add("list", &list).add("forced", &said.is_none());
    }
    let truth = consult.patient.truth();
    let (verdict, by) = match said {
        _ if truth.names.is_empty() => (Verdict::Unscored, "no_truth"),
        None => (Verdict::Wrong, "no_diagnosis"),
        Some(said) if by_model => {
            consult.stage = ConsultStage::Judge { said };
            return;
        }
        Some(said) if matches(&rules.namer, &said, truth) => (Verdict::Correct, "match"),
        Some(_) => (Verdict::Wrong, "match"),
    };
    judge(consult, episode, log, now_min, verdict, by);
}

/// Logs the verdict and ends the consultation.
pub(super) fn judge(
    consult: &mut Consult,
    episode: &mut Episode,
    log: &mut EventLog,
    now_min: f64,
    verdict: Verdict,
    by: &str,
) {
    if let Some(mut event) = log.event(consult.turn, now_min, "world", "moderator", "judged") {
        event.add("verdict", &verdict).add("by", by);
    }
    consult.stage = ConsultStage::Over;
    episode.end(Outcome::Done);
}

/// Whether the words name a true diagnosis: the same name, or the code of a true one, found by a
/// title or a synonym rather than by words in common.
fn matches(namer: &CodeNamer, said: &str, truth: &Truth) -> bool {
    let code = match namer.map(said) {
        (Some(code), mapping) if mapping.by != CodeSource::Words => Some(code),
        _ => None,
    };
    let codes = || truth.codes.iter().filter(|code| !code.is_empty());
    truth.names.iter().any(|name| namer.same(said, name))
        || code.is_some_and(|code| codes().any(|other| *other == code))
}
