//! The course of a visit in numbers: questions, team, calls, cost.
//!
//! # Source
//! DynamiCare card, section 7, process metrics.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::run::{Episode, EventLine};

/// Counts over the events of a visit.
#[derive(Default)]
pub(crate) struct Tally {
    questions: f64,
    not_available: f64,
    asked: BTreeSet<String>,
    repeated: f64,
    cost: f64,
    joined: f64,
    left: f64,
    team: usize,
    sizes: Vec<usize>,
    agent_calls: f64,
    /// Agent calls and proposals since the last question was answered.
    since_answer: (f64, usize),
    calls: f64,
    forced: f64,
    referred: f64,
    consensus: f64,
    decisions: f64,
    malformed: f64,
    mended: f64,
    minutes: f64,
}

impl Tally {
    /// Takes in the next event.
    pub(crate) fn add(&mut self, event: &EventLine) {
        self.minutes = event.minute.unwrap_or(self.minutes);
        match event.kind.as_str() {
            "introduced" => self.calls += f64::from(event.agent.is_empty()),
            "triaged" => {
                self.calls += 1.0;
                self.team = event.texts("team").len();
            }
            "confident" => self.calls += 1.0,
            "proposed" => {
                self.calls += 1.0;
                self.agent_calls += 1.0;
                self.since_answer.0 += 1.0;
                self.since_answer.1 += 1;
                if event.round as usize > self.sizes.len() {
                    self.sizes.push(0);
                }
                if let Some(size) = self.sizes.last_mut() {
                    *size += 1;
                }
            }
            "examined" => {
                let votes = event
                    .fields
                    .get("votes")
                    .and_then(Value::as_array)
                    .map_or(0, Vec::len) as f64;
                self.calls += votes;
                self.agent_calls += votes;
                self.since_answer.0 += votes;
            }
            "coordinated" => {
                self.calls += 1.0;
                self.agent_calls += 1.0;
                self.since_answer = (0.0, 0);
                self.joined += event.texts("added").len() as f64;
                self.left += event.texts("removed").len() as f64;
            }
            "asked" => {
                if event.text("to").is_some() {
                    self.speak();
                }
                self.questions += 1.0;
                self.decide(event);
                let what = event
                    .text("finding")
                    .or(event.text("text"))
                    .unwrap_or_default()
                    .to_lowercase();
                if !self.asked.insert(what) {
                    self.repeated += 1.0;
                }
            }
            "judged" => self.calls += f64::from(event.text("by") == Some("model")),
            "diagnosed" | "referred" => {
                self.referred = f64::from(u8::from(event.kind == "referred"));
                // The doctor of a consultation says the diagnosis itself.
                let forced = event.fields.get("forced") == Some(&Value::Bool(true));
                if event.kind == "diagnosed" && event.fields.get("consensus").is_none() && !forced {
                    self.speak();
                }
                self.decide(event);
                if event.fields.get("forced") == Some(&Value::Bool(true)) {
                    // The forced step belongs to no round: it counts among all calls alone.
                    self.forced = 1.0;
                    self.agent_calls -= self.since_answer.0;
                    if let Some(size) = self.sizes.last_mut() {
                        *size -= self.since_answer.1.min(*size);
                    }
                }
            }
            "answered" => {
                self.since_answer = (0.0, 0);
                self.cost += event.number("cost").unwrap_or(0.0);
                if event.text("answer") != Some("value") {
                    self.not_available += 1.0;
                }
            }
            "mended_reply" => self.mended += 1.0,
            "malformed_reply" => self.malformed += event.number("replies").unwrap_or(1.0),
            _ => {}
        }
    }

    /// Takes in a turn of the doctor of a consultation.
    fn speak(&mut self) {
        self.calls += 1.0;
        self.agent_calls += 1.0;
    }

    fn decide(&mut self, event: &EventLine) {
        // Where there is no team, there is no consensus either.
        if let Some(consensus) = event.fields.get("consensus") {
            self.decisions += 1.0;
            self.consensus += f64::from(*consensus == Value::Bool(true));
        }
    }

    /// Decisions that the doctors were asked for.
    pub(crate) fn calls(&self) -> f64 {
        self.calls
    }

    /// The metrics of the whole visit.
    pub(super) fn metrics(&self, episode: &Episode) -> BTreeMap<String, Option<f64>> {
        let share = |part: f64, of: f64| (of > 0.0).then(|| part / of);
        let rounds = episode.events.iter().map(|e| e.round).max().unwrap_or(0);
        let size = share(
            self.sizes.iter().sum::<usize>() as f64,
            self.sizes.len() as f64,
        );
        [
            ("questions", Some(self.questions)),
            ("rounds", Some(f64::from(rounds))),
            ("forced", Some(self.forced)),
            ("referred", Some(self.referred)),
            ("consensus", share(self.consensus, self.decisions)),
            ("team_size", size),
            ("joined", Some(self.joined)),
            ("left", Some(self.left)),
            ("agent_calls", Some(self.agent_calls)),
            ("calls", Some(self.calls)),
            ("care_cost_usd", Some(self.cost)),
            ("minutes", Some(self.minutes)),
            ("not_available", share(self.not_available, self.questions)),
            ("repeated", share(self.repeated, self.questions)),
            ("malformed", Some(self.malformed)),
            ("mended", Some(self.mended)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}
