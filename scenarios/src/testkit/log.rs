//! Reads logs as lines: where two differ, and what a log says of bounds and ends.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::Value;

use super::finding::{Check, Fault, Finding};
use crate::run::EventLine;

/// Findings of one check that are kept.
pub(super) const MOST: usize = 20;
/// Characters of a line that a finding shows.
const SHOWN: usize = 160;

/// A line with its number, from 1.
pub(super) type Line<'a> = (u64, &'a str);

/// The lines of a log by episode.
pub(super) fn by_episode(log: &[u8]) -> BTreeMap<u32, Vec<Line<'_>>> {
    let mut episodes: BTreeMap<u32, Vec<Line<'_>>> = BTreeMap::new();
    for (number, line) in (1..).zip(log.split(|byte| *byte == b'\n')) {
        let Ok(text) = std::str::from_utf8(line) else {
            continue;
        };
        if let Some(episode) = episode_of(text) {
            episodes.entry(episode).or_default().push((number, text));
        }
    }
    episodes
}

/// The episode of a line; every event begins with it.
fn episode_of(line: &str) -> Option<u32> {
    let digits = line.strip_prefix("{\"e\":")?;
    digits.split(',').next()?.parse().ok()
}

/// The first line in which `got` differs from `expected`.
pub(super) fn differs(check: Check, way: &str, expected: &[u8], got: &[u8]) -> Option<Finding> {
    if expected == got {
        return None;
    }
    let (of_expected, of_got) = (by_episode(expected), by_episode(got));
    let episodes = of_expected.keys().chain(of_got.keys());
    let mut episodes: Vec<u32> = episodes.copied().collect();
    episodes.sort_unstable();
    episodes.dedup();
    let none = Vec::new();
    let found = episodes.into_iter().find_map(|episode| {
        let a = of_expected.get(&episode).unwrap_or(&none);
        let b = of_got.get(&episode).unwrap_or(&none);
        lines_differ(check, way, episode, a, b)
    });
    // Equal lines in another order, or bytes that are no lines.
    let order = || {
        let fault = Fault::Differs {
            way: way.to_owned(),
            expected: "the same order of lines".to_owned(),
            got: "another".to_owned(),
        };
        Finding::of_run(check, fault)
    };
    Some(found.unwrap_or_else(order))
}

/// The first of the lines of one episode that differs.
pub(super) fn lines_differ(
    check: Check,
    way: &str,
    episode: u32,
    expected: &[Line<'_>],
    got: &[Line<'_>],
) -> Option<Finding> {
    let longest = expected.len().max(got.len());
    let at = (0..longest).find(|&at| {
        let (expected, got) = (expected.get(at), got.get(at));
        expected.map(|line| line.1) != got.map(|line| line.1)
    })?;
    let show = |line: Option<&Line<'_>>| match line {
        Some((_, text)) => cut(text),
        None => "no more lines".to_owned(),
    };
    let line = got.get(at).or(expected.get(at)).map(|line| line.0);
    let fault = Fault::Differs {
        way: way.to_owned(),
        expected: show(expected.get(at)),
        got: show(got.get(at)),
    };
    Some(Finding::at(check, episode, line, fault))
}

fn cut(line: &str) -> String {
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// What the log says of how episodes ended.
pub(super) fn ends(log: &[u8], asked: u32, limit: Option<u32>, cut_is_fine: bool) -> Vec<Finding> {
    let episodes = by_episode(log);
    let mut findings = Vec::new();
    for episode in 0..asked {
        let lines = episodes.get(&episode).map_or(&[][..], Vec::as_slice);
        let events: Vec<(u64, EventLine)> = lines
            .iter()
            .filter_map(|(number, line)| Some((*number, serde_json::from_str(line).ok()?)))
            .collect();
        let mut put = |line, fault| {
            findings.push(Finding::at(Check::Termination, episode, line, fault));
        };
        match events.last() {
            Some((line, event)) if event.kind == "ended" => {
                if event.text("outcome") == Some("failed") {
                    let reason = event.text("reason").unwrap_or("no reason");
                    put(Some(*line), Fault::Failed(reason.to_owned()));
                }
            }
            _ => put(None, Fault::Missing),
        }
        let rounds = events.iter().map(|(_, event)| event.round).max();
        if let Some((rounds, limit)) = rounds.zip(limit).filter(|(rounds, limit)| rounds > limit) {
            put(None, Fault::TooLong { rounds, limit });
        }
        let finished = events.iter().find(|(_, event)| event.kind == "finished");
        if let Some((line, event)) = finished
            && event.fields.get("terminated") == Some(&Value::Bool(false))
            && !cut_is_fine
        {
            put(Some(*line), Fault::NotEnded(event.round));
        }
        if findings.len() >= MOST {
            break;
        }
    }
    findings
}

/// Fields of events that hold a number of whoever acts.
const NUMBERS: [&str; 3] = ["confidence", "cost", "reward"];

/// Numbers of the log that are none, and rewards outside `rewards`. A log cannot hold an infinite
/// number or one that is none: it has `null` there.
pub(super) fn numbers(log: &[u8], rewards: &RangeInclusive<f64>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (episode, lines) in by_episode(log) {
        for (number, line) in lines {
            let Ok(event) = serde_json::from_str::<EventLine>(line) else {
                continue;
            };
            let mut put = |what: &str, value: &Value, bounds: &RangeInclusive<f64>| {
                let fault = out_of_bounds(what, &event.agent, value.as_f64(), bounds);
                if let Some(fault) = fault {
                    findings.push(Finding::at(Check::Bounds, episode, Some(number), fault));
                }
            };
            let minute = event.minute.map_or(Value::Null, Value::from);
            put("clock", &minute, &(0.0..=f64::MAX));
            for (key, value) in &event.fields {
                let metric = event.kind == "finished" && (value.is_null() || value.is_number());
                match key.as_str() {
                    "reward" => put(key, value, rewards),
                    "returns" => {
                        let all = value.as_array().into_iter().flatten();
                        all.for_each(|value| put(key, value, &FINITE));
                    }
                    key if NUMBERS.contains(&key) || metric => put(key, value, &FINITE),
                    _ => {}
                }
            }
        }
        if findings.len() >= MOST {
            break;
        }
    }
    findings
}

/// Any number but an infinite one.
pub(super) const FINITE: RangeInclusive<f64> = f64::MIN..=f64::MAX;

/// The fault of a number outside its bounds.
pub(super) fn out_of_bounds(
    what: &str,
    agent: &str,
    value: Option<f64>,
    bounds: &RangeInclusive<f64>,
) -> Option<Fault> {
    let inside = value.is_some_and(|value| value.is_finite() && bounds.contains(&value));
    (!inside).then(|| Fault::OutOfBounds {
        what: what.to_owned(),
        agent: agent.to_owned(),
        value: value.map_or_else(|| "no number".to_owned(), |value| value.to_string()),
        low: *bounds.start(),
        high: *bounds.end(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "{\"schema\":\"rounds.events/1\"}\n\
        {\"e\":0,\"r\":1,\"n\":0,\"t\":1.0,\"side\":\"agent\",\"agent\":\"0\",\"kind\":\"acted\",\"reward\":null}\n\
        {\"e\":0,\"r\":1,\"n\":1,\"t\":1.0,\"side\":\"world\",\"agent\":\"\",\"kind\":\"ended\",\"outcome\":\"done\"}\n";

    #[test]
    fn a_difference_is_told_by_episode_and_line() {
        let other = LOG.replace("null", "1.5");
        let found = differs(Check::Threads, "jobs 2", LOG.as_bytes(), other.as_bytes()).unwrap();
        assert_eq!((found.episode, found.line), (Some(0), Some(2)));
        assert!(
            found.to_string().contains("jobs 2: expected {\"e\":0"),
            "{found}"
        );
        assert_eq!(
            differs(Check::Threads, "", LOG.as_bytes(), LOG.as_bytes()),
            None
        );
    }

    #[test]
    fn numbers_that_are_none_and_episodes_that_are_missing_are_found() {
        let found = numbers(LOG.as_bytes(), &FINITE);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].to_string().contains("reward of agent 0"),
            "{}",
            found[0]
        );
        let ends = ends(LOG.as_bytes(), 2, Some(0), false);
        assert_eq!(ends.len(), 2);
        assert_eq!(
            ends[0].fault,
            Fault::TooLong {
                rounds: 1,
                limit: 0
            }
        );
        assert_eq!(
            (ends[1].episode, &ends[1].fault),
            (Some(1), &Fault::Missing)
        );
    }
}
