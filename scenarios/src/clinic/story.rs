//! A visit told as a short story.

use std::fmt::Write;
use std::sync::Arc;

use rounds_environments::clinic::knowledge::{FindingIx, Knowledge};
use rounds_policies::clinic::belief::Scope;
use serde_json::Value;

use crate::run::{Episode, EventLine};

/// Tells a visit: complaint, who joined and why, each question and answer, how the belief moved,
/// and the verdict. The belief is that of a generalist who sees the same answers.
pub fn tell(knowledge: &Arc<Knowledge>, episode: &Episode) -> String {
    let mut out = String::new();
    let scope = Scope::generalist(knowledge, None).ok();
    let mut answered: Vec<(FindingIx, Option<bool>)> = Vec::new();
    let mut truth: Vec<&str> = Vec::new();
    for event in &episode.events {
        match event.kind.as_str() {
            "patient" => truth = event.texts("truth"),
            "introduced" => {
                let who = match event.agent.as_str() {
                    "moderator" => "Moderator ",
                    _ => "Patient   ",
                };
                let text = event.text("text").unwrap_or_default();
                let _ = writeln!(out, "  {who} {text}");
                if let Some(e) = event
                    .text("finding")
                    .and_then(|id| knowledge.find_finding(id))
                {
                    answered.push((e, Some(true)));
                }
            }
            "triaged" => {
                let _ = writeln!(out, "  Triage     calls {}", event.texts("team").join(", "));
            }
            "asked" => {
                let _ = writeln!(
                    out,
                    "  {:>2}. {} asks: {}",
                    event.round,
                    event.agent,
                    event.text("text").unwrap_or("")
                );
            }
            "answered" => {
                if let Some(e) = event
                    .text("finding")
                    .and_then(|id| knowledge.find_finding(id))
                {
                    answered.push((e, event.fields.get("present").and_then(Value::as_bool)));
                }
                let who = match event.agent.as_str() {
                    "measurement" => "Measurement",
                    _ => "Patient",
                };
                let _ = writeln!(
                    out,
                    "      {who}: {}{}",
                    event.text("text").unwrap_or_default(),
                    believed(knowledge, scope.as_ref(), &answered)
                );
            }
            "coordinated" => {
                for (key, verb) in [("added", "joins"), ("removed", "leaves")] {
                    for who in event.texts(key) {
                        let _ = writeln!(out, "      {who} {verb} the team");
                    }
                }
            }
            "diagnosed" => {
                let _ = writeln!(out, "  Verdict    {}", verdict(event, &truth));
            }
            "referred" => {
                let (who, to) = (&event.agent, event.text("to").unwrap_or_default());
                let reason = event.text("reason").unwrap_or_default();
                let _ = writeln!(out, "  Referral   {who} refers to {to}: {reason}");
            }
            "judged" => {
                let _ = writeln!(
                    out,
                    "  Judged     {}",
                    event.text("verdict").unwrap_or_default()
                );
            }
            "ended" if event.text("outcome") != Some("done") => {
                let _ = writeln!(
                    out,
                    "  Ended      {}: {}",
                    event.text("outcome").unwrap_or_default(),
                    event.text("reason").unwrap_or_default()
                );
            }
            _ => {}
        }
    }
    out
}

fn believed(
    knowledge: &Knowledge,
    scope: Option<&Scope>,
    answered: &[(FindingIx, Option<bool>)],
) -> String {
    let Some(posterior) = scope.map(|scope| scope.posterior(answered.iter().copied())) else {
        return String::new();
    };
    let best = posterior
        .iter()
        .enumerate()
        .max_by(|a, b| a.1.total_cmp(b.1).then(b.0.cmp(&a.0)));
    match best.and_then(|(d, p)| Some((knowledge.conditions().get(d)?, p))) {
        Some((condition, p)) => format!(
            "   [now most likely: {}, {:.0} %]",
            condition.name,
            100.0 * p
        ),
        None => String::new(),
    }
}

fn verdict(event: &EventLine, truth: &[&str]) -> String {
    let list: Vec<&str> = event
        .fields
        .get("list")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|v| v.get("name").and_then(Value::as_str))
        .collect();
    let first = list.first().copied().unwrap_or("nothing");
    let rank = list
        .iter()
        .position(|name| truth.iter().any(|t| t.eq_ignore_ascii_case(name)));
    let ending = match (rank, truth.first()) {
        (Some(0), _) => "correct".to_owned(),
        (Some(rank), Some(true_name)) => {
            format!("the truth, {true_name}, is number {} of the list", rank + 1)
        }
        (_, Some(true_name)) => format!("the truth was {true_name}"),
        (_, None) => "there is no truth to compare with".to_owned(),
    };
    let forced = event.fields.get("forced") == Some(&Value::Bool(true));
    format!(
        "{} says {first}{}: {ending}",
        event.agent,
        if forced {
            " when the rounds ran out"
        } else {
            ""
        }
    )
}
