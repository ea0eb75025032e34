//! One episode as one sample.

use rounds_models::CallRecord;
use serde_json::{Map, Value, json};

use super::calls::UsageBy;
use super::events::{error, events};
use super::gate::Gate;
use super::ids::id;
use super::messages::{is_visit, messages, verdict};
use super::scores::{ScoreNames, scores};
use crate::clinic::cases::CheckResult;
use crate::clinic::outcome;
use crate::run::{Episode, EpisodeRow, Scored};

/// What one sample is made of.
pub(super) struct SampleParts<'a> {
    /// Id of the sample: its case.
    pub(super) id: String,
    /// Repeat of the case, from 1.
    pub(super) epoch: u32,
    /// Id of the log.
    pub(super) log: &'a str,
    /// Name of the arm.
    pub(super) arm: &'a str,
    /// Seed of the run.
    pub(super) seed: u64,
    /// Model of the log.
    pub(super) model: &'a str,
    /// What happened.
    pub(super) episode: &'a Episode,
    /// Its row.
    pub(super) row: &'a EpisodeRow,
    /// Calls of models.
    pub(super) calls: Vec<CallRecord>,
    /// Checks of an evaluation.
    pub(super) checks: Option<&'a [CheckResult]>,
    /// Metrics of the arm.
    pub(super) names: &'a ScoreNames,
    /// What may leave.
    pub(super) gate: Gate,
}

/// A sample in full and in brief, both as JSON text.
pub(super) struct SampleText {
    /// The sample.
    pub(super) full: String,
    /// Its summary, without messages and events.
    pub(super) brief: String,
}

/// The limit that cut an episode.
pub(super) struct Limit {
    /// Inspect's word for what was limited.
    pub(super) kind: &'static str,
}

impl Limit {
    /// What was limited, by the words of the reason.
    pub(super) fn of(reason: &str) -> Self {
        let reason = reason.to_lowercase();
        let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
        let kind = if says(&["token"]) {
            "token"
        } else if says(&["cost", "usd", "money"]) {
            "cost"
        } else if says(&["time", "minute", "second"]) {
            "time"
        } else if says(&["call"]) {
            "turn"
        } else if says(&["left"]) {
            "operator"
        } else {
            "custom"
        };
        Self { kind }
    }

    /// As Inspect has it; -1 is its word for a limit whose value is not recorded.
    fn json(&self, reason: &str) -> Value {
        json!({"type": self.kind, "limit": -1.0, "reason": reason})
    }
}

/// Makes a sample.
pub(super) fn sample(parts: SampleParts<'_>) -> SampleText {
    let SampleParts {
        id: name,
        epoch,
        log,
        arm,
        seed,
        model,
        episode,
        row,
        calls,
        checks,
        names,
        gate,
    } = parts;
    let uuid = id(&["sample", log, &seed.to_string(), &row.episode.to_string()]);
    let (mut by_model, mut by_role) = (UsageBy::default(), UsageBy::default());
    for call in &calls {
        by_model.add(&call.model, &call.usage);
        by_role.add(&call.key.purpose, &call.usage);
    }
    let turns = calls.iter().filter(|call| !call.asked_again).count();
    let input = input(episode, row, gate);
    let said = messages(episode, &uuid, &input, gate);
    let answer = verdict(episode);
    let answer = answer.as_deref().map(|answer| gate.text(answer));
    let checks = checks.filter(|_| gate.is_open());
    let scores = scores(names, row, answer, checks);

    let mut head = Map::new();
    head.insert("id".to_owned(), name.into());
    head.insert("epoch".to_owned(), epoch.into());
    head.insert("input".to_owned(), input.into());
    head.insert("target".to_owned(), target(episode, gate));
    let mut tail = Map::new();
    tail.insert(
        "metadata".to_owned(),
        metadata(arm, seed, episode, row, gate),
    );
    tail.insert("model_usage".to_owned(), by_model.json().into());
    tail.insert("role_usage".to_owned(), by_role.json().into());
    tail.insert("uuid".to_owned(), uuid.clone().into());
    if turns > 0 {
        tail.insert("turn_count".to_owned(), turns.into());
    }

    let mut brief = head.clone();
    brief.extend(tail.clone());
    brief.insert("completed".to_owned(), true.into());
    brief.insert("message_count".to_owned(), said.len().into());

    let mut full = head;
    let happened = events(episode, calls, &said, &uuid, gate);
    full.insert("messages".to_owned(), said.into());
    full.insert("output".to_owned(), output(model, &uuid, answer));
    full.extend(tail);
    full.insert("events".to_owned(), happened.into());

    let reason = gate.text(row.reason.as_deref().unwrap_or_default());
    match row.outcome.as_str() {
        "done" => {}
        "aborted" => {
            let limit = Limit::of(row.reason.as_deref().unwrap_or_default());
            full.insert("limit".to_owned(), limit.json(reason));
            brief.insert("limit".to_owned(), limit.kind.into());
            brief.insert("limit_reason".to_owned(), reason.into());
        }
        _ => {
            full.insert("error".to_owned(), error(reason));
            brief.insert("error".to_owned(), reason.into());
        }
    }
    SampleText {
        full: with_scores(full, &scores),
        brief: with_scores(brief, &scores),
    }
}

/// The object with `scores`, which are no plain JSON, at its end.
fn with_scores(fields: Map<String, Value>, scores: &str) -> String {
    let mut text = Value::Object(fields).to_string();
    text.pop();
    text.push_str(",\"scores\":");
    text.push_str(scores);
    text.push('}');
    text
}

/// What the sample is about: how the patient introduces himself, or what the episode is of.
fn input(episode: &Episode, row: &EpisodeRow, gate: Gate) -> String {
    let find = |kind: &str| episode.events.iter().find(|event| event.kind == kind);
    if let Some(text) = find("introduced").and_then(|event| event.text("text")) {
        return gate.text(text).to_owned();
    }
    let began = find("began").filter(|_| gate.is_open());
    let facts = began.into_iter().flat_map(|event| &event.fields);
    let facts: Vec<String> = facts
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {other}"),
        })
        .collect();
    match facts.is_empty() {
        true => gate.text(&row.case).to_owned(),
        false => facts.join(", "),
    }
}

/// The names of the truth; none where an episode has no single one.
fn target(episode: &Episode, gate: Gate) -> Value {
    let patient = episode.events.iter().find(|event| event.kind == "patient");
    match (patient, gate) {
        (None, _) => "".into(),
        (Some(patient), Gate::Open) => patient.texts("truth").into(),
        (Some(_), Gate::Closed) => gate.text("").into(),
    }
}

fn output(model: &str, uuid: &str, answer: Option<&str>) -> Value {
    let choice = answer.map(|answer| {
        json!({
            "message": {
                "id": format!("{uuid}.answer"),
                "role": "assistant",
                "content": answer,
            },
            "stop_reason": "stop",
        })
    });
    json!({"model": model, "choices": choice.into_iter().collect::<Vec<_>>()})
}

fn metadata(arm: &str, seed: u64, episode: &Episode, row: &EpisodeRow, gate: Gate) -> Value {
    let mut team: Vec<&str> = Vec::new();
    for event in &episode.events {
        for who in event.texts("team") {
            if !team.contains(&who) {
                team.push(who);
            }
        }
    }
    let last = episode.events.iter().map(|event| event.round).max();
    let minutes = episode.events.iter().rev().find_map(|event| event.minute);
    let mut out = json!({
        "arm": arm,
        "seed": seed,
        "episode": row.episode,
        "outcome": row.outcome,
        "status": status(episode, row),
        "rounds": last,
        "minutes": minutes,
        "team": team,
    });
    if gate.is_open() {
        out["case"] = row.case.as_str().into();
    }
    if let Some(reason) = &row.reason {
        out["reason"] = gate.text(reason).into();
    }
    out
}

/// How an episode came out, in a word: by the checks of its case, by the diagnoses, or how it
/// ended.
fn status(episode: &Episode, row: &EpisodeRow) -> String {
    if row.outcome != "done" {
        return row.outcome.clone();
    }
    if let Some(passed) = row.metrics.get("passed") {
        return match passed {
            Some(passed) if *passed > 0.5 => "passed".to_owned(),
            Some(_) => "failed its checks".to_owned(),
            None => "undetermined".to_owned(),
        };
    }
    if !is_visit(episode) || row.metrics.get("hit@1").copied().flatten().is_none() {
        return row.outcome.clone();
    }
    let scored = Scored {
        row: row.clone(),
        rounds: Vec::new(),
    };
    outcome(&scored).words().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_known_by_their_reasons() {
        let kind = |reason: &str| Limit::of(reason).kind;
        assert_eq!(kind("cost limit: 12.00 USD spent"), "cost");
        assert_eq!(kind("time limit: 130 minutes passed"), "time");
        assert_eq!(
            kind("limit of tokens of the episode: 5012 of 5000 used"),
            "token"
        );
        assert_eq!(
            kind("limit of calls of agent 3: 38 of 40 used, 5 more needed at once"),
            "turn"
        );
        assert_eq!(kind("the person left"), "operator");
        assert_eq!(kind("for no reason"), "custom");
    }
}
