//! Metrics of a visit, from its events.
//!
//! # Source
//! DynamiCare card, section 7.

use std::collections::{BTreeMap, BTreeSet};

use rounds_environments::clinic::icd9;
use serde_json::Value;

use crate::run::{Episode, EpisodeRow, EventLine, RoundRow, Score, Scored};
use crate::statistics::Direction;

/// Scores visits.
///
/// Truth and answers are compared by name for patients of a knowledge base, and by ICD-9-CM code
/// on the levels exact, category and chapter for patients of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VisitScore {
    /// Compare codes rather than names.
    pub by_code: bool,
}

const RANKS: [usize; 4] = [1, 3, 5, 10];

impl Score for VisitScore {
    fn order(&self) -> &[&'static str] {
        &[
            "hit@1",
            "hit@3",
            "hit@5",
            "hit@10",
            "mrr",
            "questions",
            "rounds",
            "forced",
            "consensus",
            "team_size",
            "joined",
            "left",
            "agent_calls",
            "calls",
            "cost_usd",
            "minutes",
            "not_available",
            "brier",
            "nll",
        ]
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
        let scored = done && diagnosed.is_some() && !names.is_empty();
        if self.by_code {
            let predicted: Vec<String> = list.iter().map(|a| a.code.clone()).collect();
            let levels: [(&str, fn(&str) -> Option<String>); 3] =
                [("", exact), (".category", category), (".chapter", chapter)];
            for (suffix, level) in levels {
                ranked(&mut metrics, suffix, &codes, &predicted, scored, level);
            }
        } else {
            let predicted: Vec<String> = list.iter().map(|a| a.name.clone()).collect();
            ranked(&mut metrics, "", &names, &predicted, scored, |name| {
                Some(name.to_lowercase())
            });
        }
        calibration(&mut metrics, &names, &list, scored && !self.by_code);
        row.metrics = metrics;
        Scored { row, rounds }
    }
}

struct AnswerLine {
    name: String,
    code: String,
    p: Option<f64>,
}

fn answers(event: &EventLine) -> Vec<AnswerLine> {
    let text = |v: &Value, key: &str| {
        v.get(key)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    event
        .fields
        .get("list")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .map(|v| AnswerLine {
            name: text(v, "name"),
            code: text(v, "code"),
            p: v.get("p").and_then(Value::as_f64),
        })
        .collect()
}

fn exact(code: &str) -> Option<String> {
    icd9::normal_diagnosis(code)
}

fn category(code: &str) -> Option<String> {
    icd9::category(code)
}

fn chapter(code: &str) -> Option<String> {
    icd9::chapter(code).map(str::to_owned)
}

fn ranked(
    metrics: &mut BTreeMap<String, Option<f64>>,
    suffix: &str,
    truth: &[String],
    predicted: &[String],
    scored: bool,
    level: impl Fn(&str) -> Option<String>,
) {
    let truth: BTreeSet<String> = truth.iter().filter_map(|t| level(t)).collect();
    let mut list: Vec<String> = Vec::new();
    for code in predicted.iter().filter_map(|p| level(p)) {
        if !list.contains(&code) {
            list.push(code);
        }
    }
    let scored = scored && !truth.is_empty();
    for k in RANKS {
        let hits = list
            .iter()
            .take(k)
            .filter(|code| truth.contains(*code))
            .count() as f64;
        let kept = list.len().min(k) as f64;
        let precision = if kept > 0.0 { hits / kept } else { 0.0 };
        let recall = hits / truth.len() as f64;
        let f1 = if hits > 0.0 {
            2.0 * precision * recall / (precision + recall)
        } else {
            0.0
        };
        let mut put = |name: &str, value: f64| {
            metrics.insert(format!("{name}@{k}{suffix}"), scored.then_some(value));
        };
        put("hit", f64::from(hits > 0.0));
        put("precision", precision);
        put("recall", recall);
        put("f1", f1);
    }
    let rank = list.iter().position(|code| truth.contains(code));
    metrics.insert(
        format!("mrr{suffix}"),
        scored.then(|| rank.map_or(0.0, |r| 1.0 / (r + 1) as f64)),
    );
    let discount = |i: usize| 1.0 / libm::log2((i + 2) as f64);
    let gained: f64 = list
        .iter()
        .take(10)
        .enumerate()
        .filter(|(_, code)| truth.contains(*code))
        .map(|(i, _)| discount(i))
        .sum();
    let ideal: f64 = (0..truth.len().min(10)).map(discount).sum();
    metrics.insert(format!("ndcg@10{suffix}"), scored.then(|| gained / ideal));
}

/// Brier score and negative log-likelihood of the truth under the listed probabilities; what is
/// not listed has what they leave over.
fn calibration(
    metrics: &mut BTreeMap<String, Option<f64>>,
    names: &[String],
    list: &[AnswerLine],
    scored: bool,
) {
    let listed: Option<Vec<f64>> = list.iter().map(|a| a.p).collect();
    let (brier, nll) = match (listed, names.first()) {
        (Some(ps), Some(truth)) if scored && !ps.is_empty() => {
            let rest = (1.0 - ps.iter().sum::<f64>()).max(0.0);
            let hit = list.iter().position(|a| a.name == *truth);
            let p_truth = hit.map_or(0.0, |at| ps[at]);
            let others: f64 = ps.iter().map(|p| p * p).sum::<f64>() - p_truth * p_truth;
            let missed = 1.0 - p_truth;
            let unlisted = if hit.is_some() { rest * rest } else { 0.0 };
            (
                Some(missed * missed + others + unlisted),
                Some(-libm::log(p_truth.max(1e-6))),
            )
        }
        _ => (None, None),
    };
    metrics.insert("brier".to_owned(), brier);
    metrics.insert("nll".to_owned(), nll);
}

#[derive(Default)]
struct Tally {
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
    consensus: f64,
    decisions: f64,
    malformed: f64,
    minutes: f64,
}

impl Tally {
    fn add(&mut self, event: &EventLine) {
        self.minutes = event.minute.unwrap_or(self.minutes);
        match event.kind.as_str() {
            "introduced" => self.calls += 1.0,
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
            "diagnosed" => {
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
            "malformed_reply" => self.malformed += event.number("replies").unwrap_or(1.0),
            _ => {}
        }
    }

    fn decide(&mut self, event: &EventLine) {
        self.decisions += 1.0;
        self.consensus += f64::from(event.fields.get("consensus") == Some(&Value::Bool(true)));
    }

    fn metrics(&self, episode: &Episode) -> BTreeMap<String, Option<f64>> {
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
            ("consensus", share(self.consensus, self.decisions)),
            ("team_size", size),
            ("joined", Some(self.joined)),
            ("left", Some(self.left)),
            ("agent_calls", Some(self.agent_calls)),
            ("calls", Some(self.calls)),
            ("cost_usd", Some(self.cost)),
            ("minutes", Some(self.minutes)),
            ("not_available", share(self.not_available, self.questions)),
            ("repeated", share(self.repeated, self.questions)),
            ("malformed", Some(self.malformed)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
    }
}

fn action(event: &EventLine) -> Option<String> {
    let what = match event.kind.as_str() {
        "asked" => event.text("finding").or(event.text("text"))?.to_owned(),
        "diagnosed" => answers(event).first()?.name.clone(),
        "coordinated" | "triaged" => event.texts("team").join(", "),
        "proposed" => event.text("content").unwrap_or_default().to_owned(),
        _ => return None,
    };
    Some(format!("{}: {what}", event.kind))
}
