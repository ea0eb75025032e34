//! Metrics of a visit, from its events.
//!
//! # Source
//! DynamiCare card, section 7.

use std::collections::BTreeMap;
use std::sync::Arc;

use rounds_environments::clinic::titles::TitleTable;

use super::accuracy::{answers, by_code, by_name, calibration, key};
use super::coverage::DecisiveFindings;
use super::tally::Tally;
use crate::run::{Episode, EpisodeRow, EventLine, RoundRow, Score, Scored};
use crate::statistics::Direction;

/// Version of this scorer, for manifests: runs scored by another one are not compared.
pub const SCORER: &str = "rounds.visit/1";

/// Scores visits.
///
/// Truth and answers are compared by name for patients of a knowledge base, and by ICD-9-CM code
/// for patients of records.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VisitScore {
    /// The findings that decide, where the patients' own base is known.
    pub decisive: Option<Arc<DecisiveFindings>>,
    /// Codes of the names of diagnoses; with it, codes are compared rather than names.
    pub titles: Option<Arc<TitleTable>>,
}

/// Names shorter than this are words that mean other things too.
const SHORTEST_NAME: usize = 4;

impl Score for VisitScore {
    fn order(&self) -> &[&'static str] {
        &[
            "hit@1",
            "hit@3",
            "hit@5",
            "hit@10",
            "hit@1.covered",
            "correct",
            "undetermined",
            "mrr",
            "unmapped",
            "questions",
            "rounds",
            "forced",
            "referred",
            "consensus",
            "team_size",
            "joined",
            "left",
            "agent_calls",
            "calls",
            "care_cost_usd",
            "minutes",
            "not_available",
            "coverage",
            "leaked",
            "brier",
            "nll",
            "confidence",
            "ece",
        ]
    }

    fn calibrated(&self) -> Option<(&'static str, &'static str)> {
        Some(("confidence", "hit@1"))
    }

    fn decisive(&self) -> &[(&'static str, Direction)] {
        &[
            ("hit@1", Direction::HigherIsBetter),
            ("hit@10", Direction::HigherIsBetter),
            ("questions", Direction::LowerIsBetter),
        ]
    }

    fn score(&self, episode: &Episode) -> Scored {
        let mut row = EpisodeRow::default();
        let mut rounds = Vec::new();
        let mut tally = Tally::default();
        let mut names: Vec<String> = Vec::new();
        let mut codes: Vec<String> = Vec::new();
        let mut diagnosed: Option<&EventLine> = None;
        let mut referred = false;
        let mut verdict: Option<&str> = None;
        for event in &episode.events {
            match event.kind.as_str() {
                "patient" => {
                    row.case = event.text("case").unwrap_or_default().to_owned();
                    names = event
                        .texts("truth")
                        .into_iter()
                        .map(str::to_owned)
                        .collect();
                    codes = event
                        .texts("codes")
                        .into_iter()
                        .map(str::to_owned)
                        .collect();
                }
                "diagnosed" => diagnosed = Some(event),
                "referred" => referred = true,
                "judged" => verdict = event.text("verdict"),
                _ => {}
            }
            tally.add(event);
            if let Some(action) = action(event) {
                rounds.push(RoundRow {
                    episode: event.episode,
                    round: event.round,
                    minute: event.minute.unwrap_or(0.0),
                    agent: event.agent.clone(),
                    action,
                    reward: None,
                });
            }
        }
        let mut metrics = tally.metrics(episode);
        let done = episode
            .events
            .iter()
            .any(|e| e.kind == "ended" && e.text("outcome") == Some("done"));
        let list = diagnosed.map(answers).unwrap_or_default();
        // Who refers has not found the diagnosis: a miss, so that referring never looks better than
        // guessing right; `hit@1.covered` is of the others alone.
        let scored = done && (diagnosed.is_some() || referred) && !names.is_empty();
        match &self.titles {
            Some(titles) => {
                let keys: Vec<String> = codes
                    .iter()
                    .zip(&names)
                    .map(|(code, name)| key(code, name))
                    .collect();
                by_code(&mut metrics, &keys, &list, scored, titles);
            }
            None => by_name(&mut metrics, &names, &list, scored),
        }
        let covered = metrics.get("hit@1").copied().flatten();
        metrics.insert("hit@1.covered".to_owned(), covered.filter(|_| !referred));
        calibration(&mut metrics, &names, &list, scored && self.titles.is_none());
        metrics.insert("leaked".to_owned(), leaked(episode, &names));
        if let Some(verdict) = verdict {
            judged(&mut metrics, verdict);
        }
        if let Some(decisive) = &self.decisive {
            metrics.insert("coverage".to_owned(), decisive.coverage(episode, &names));
        }
        row.metrics = metrics;
        Scored { row, rounds }
    }
}

/// What the moderator of a consultation came to: no verdict is not a wrong one.
fn judged(metrics: &mut BTreeMap<String, Option<f64>>, verdict: &str) {
    let correct = match verdict {
        "correct" => Some(1.0),
        "wrong" => Some(0.0),
        _ => None,
    };
    let undetermined = f64::from(u8::from(verdict == "undetermined"));
    let scored = verdict != "unscored";
    metrics.insert("correct".to_owned(), correct);
    metrics.insert("undetermined".to_owned(), scored.then_some(undetermined));
}

/// Whether the patient side said the name of a true diagnosis; `None` when no truth is known.
fn leaked(episode: &Episode, truth: &[String]) -> Option<f64> {
    let words = |text: &str| format!(" {} ", plain_words(text));
    let names: Vec<String> = truth.iter().map(|name| words(name)).collect();
    let said = |event: &EventLine| {
        let text = event.text("text").filter(|_| event.side == "patient");
        text.is_some_and(|text| {
            let text = words(text);
            names
                .iter()
                .any(|name| name.trim().len() >= SHORTEST_NAME && text.contains(name))
        })
    };
    (!truth.is_empty()).then(|| f64::from(u8::from(episode.events.iter().any(said))))
}

/// Lower-case words with one space between them.
fn plain_words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join(" ")
}

fn action(event: &EventLine) -> Option<String> {
    let what = match event.kind.as_str() {
        "asked" => event.text("finding").or(event.text("text"))?.to_owned(),
        "diagnosed" => answers(event).first()?.name.clone(),
        "coordinated" | "triaged" => event.texts("team").join(", "),
        "referred" => event.text("to").unwrap_or_default().to_owned(),
        "proposed" => event.text("content").unwrap_or_default().to_owned(),
        _ => return None,
    };
    Some(format!("{}: {what}", event.kind))
}
