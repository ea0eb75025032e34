//! Why a case came out as it did: every check with the events that decided it.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

use super::arm::{CaseOutcome, RunResult};
use crate::clinic::cases::{Case, CheckResult};
use crate::run::{Episode, EventLine};
use crate::schema::CheckSpec;

/// Tells the visits of one case; `episodes` are those of its arm by number.
pub fn explain(case: &Case, outcome: &CaseOutcome, episodes: &BTreeMap<u32, Episode>) -> String {
    let spec = &case.spec;
    let mut out = format!(
        "{} · {}\n{}: {} of {} visits passed; a visit passes with a score {}{}\n",
        spec.id,
        spec.title,
        outcome.status.words(),
        outcome.passed(),
        outcome.runs.len(),
        spec.pass.score,
        if spec.pass.no_critical {
            " and no critical check met"
        } else {
            ""
        },
    );
    let mut told: Vec<(&RunResult, String, Vec<u32>)> = Vec::new();
    for run in &outcome.runs {
        let episode = run.row.episode;
        match told.iter_mut().find(|(first, ..)| is_same(first, run)) {
            Some((.., again)) => again.push(episode),
            None => {
                let text = explain_visit(case, run, episodes.get(&episode));
                told.push((run, text, Vec::new()));
            }
        }
    }
    for (_, text, again) in told {
        let _ = write!(out, "\n{text}");
        if !again.is_empty() {
            let again: Vec<String> = again.iter().map(u32::to_string).collect();
            let _ = writeln!(out, "  the same in episodes {}", again.join(", "));
        }
    }
    out
}

/// Whether two visits came to the same verdicts by the same events.
fn is_same(a: &RunResult, b: &RunResult) -> bool {
    a.result == b.result && a.row.reason == b.row.reason
}

/// Tells one visit: every check with its verdict and the events that decided it.
pub fn explain_visit(case: &Case, run: &RunResult, episode: Option<&Episode>) -> String {
    let verdict = match run.result.passed {
        Some(true) => "passed",
        Some(false) => "failed",
        None => "undetermined",
    };
    let score = run.result.score.score;
    let score = score.map_or_else(|| "undefined".to_owned(), |score| format!("{score:.3}"));
    let mut out = format!(
        "episode {} (repeat {}): {verdict}, score {score}\n",
        run.row.episode, run.repeat
    );
    if let Some(reason) = &run.row.reason {
        let _ = writeln!(out, "  {}: {reason}", run.row.outcome);
    }
    let events = episode.map_or(&[][..], |episode| &episode.events);
    for check in &run.result.checks {
        let written = case
            .spec
            .checks
            .iter()
            .find(|written| written.id == check.id);
        out.push_str(&verdict_of(check, written, events));
    }
    out
}

fn verdict_of(check: &CheckResult, written: Option<&CheckSpec>, events: &[EventLine]) -> String {
    let met = match check.met {
        Some(true) => "met",
        Some(false) => "not met",
        None => "undetermined",
    };
    let mark = match check.is_good() {
        Some(true) => "✓",
        Some(false) => "✗",
        None => "?",
    };
    let critical = if check.critical { ", critical" } else { "" };
    let mut out = format!(
        "  {mark} {}: {met} ({:+} points, {}{critical})\n",
        check.id, check.points, check.axis
    );
    if let Some(written) = written {
        let _ = writeln!(out, "      {}", written.words());
    }
    if check.events.is_empty() && written.is_some_and(|written| written.when().is_some()) {
        let _ = writeln!(out, "      nothing of the kind happened");
    }
    for number in &check.events {
        if let Some(event) = events.iter().find(|event| event.number == *number) {
            let _ = writeln!(out, "      {}", told(event));
        }
    }
    out
}

/// An event in one line.
pub(super) fn told(event: &EventLine) -> String {
    let who = if event.agent.is_empty() {
        &event.side
    } else {
        &event.agent
    };
    let what = match event.kind.as_str() {
        "diagnosed" | "referred" => {
            let list = event.fields.get("list").and_then(Value::as_array);
            let names = list
                .into_iter()
                .flatten()
                .filter_map(|d| d.get("name")?.as_str());
            let names = names.take(3).collect::<Vec<_>>().join(", ");
            match event.text("to") {
                Some(to) => format!("to {to} ({names})"),
                None => names,
            }
        }
        "triaged" | "coordinated" => event.texts("team").join(", "),
        _ => event
            .text("text")
            .or(event.text("content"))
            .or(event.text("outcome"))
            .unwrap_or_default()
            .to_owned(),
    };
    format!(
        "#{} round {}: {who} {}: {what}",
        event.number, event.round, event.kind
    )
}
