//! Which metrics decide between two runs, and which way each is better.

use std::collections::BTreeSet;

use rounds_environments::nearest::nearest;

use super::side::Side;
use crate::clinic::VisitScore;
use crate::clinic_day::ClinicDayScore;
use crate::coordination::CoordinationScore;
use crate::run::Score;
use crate::statistics::Direction;
use crate::stepped::StepScore;

/// Metrics of which less is better; of all others, more.
const LESS_IS_BETTER: [&str; 31] = [
    "agent_calls",
    "aborted",
    "brier",
    "calls",
    "cost",
    "care_cost_usd",
    "distance",
    "ece",
    "failed",
    "floats",
    "floats_per_tick",
    "forced",
    "idle",
    "latency_s",
    "leaked",
    "malformed",
    "mended",
    "messages",
    "messages_per_tick",
    "minutes",
    "nll",
    "not_available",
    "position_error",
    "posterior_trace",
    "questions",
    "regret",
    "repeated",
    "rounds",
    "tokens",
    "unmapped",
    "weighted_wait_minutes",
];

/// A metric that a run does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no metric {got:?}, expected one of {expected}{}", .near.as_ref().map(|near| format!("; did you mean {near:?}?")).unwrap_or_default())]
pub struct UnknownMetric {
    /// What was asked for.
    pub got: String,
    /// The metrics there are.
    pub expected: String,
    /// The nearest of them.
    pub near: Option<String>,
}

/// Which way `metric` is good.
pub fn direction(metric: &str) -> Direction {
    let name = metric.split(['.', '[']).next().unwrap_or(metric);
    let known = scores();
    let stated = known.iter().flat_map(|score| score.decisive());
    match stated.into_iter().find(|(decisive, _)| *decisive == name) {
        Some((_, direction)) => *direction,
        None if LESS_IS_BETTER.contains(&name) => Direction::LowerIsBetter,
        None => Direction::HigherIsBetter,
    }
}

/// The metrics that decide where none is asked for: whether cases were passed and their score in
/// an evaluation, else those of the family.
pub fn decisive_metrics(side: &Side) -> Vec<String> {
    if side.suite().is_some() {
        return there(side, &["passed", "score"]);
    }
    let families = scores();
    let stated = families.iter().map(|score| {
        let names: Vec<&str> = score.decisive().iter().map(|(name, _)| *name).collect();
        there(side, &names)
    });
    stated
        .into_iter()
        .find(|names| !names.is_empty())
        .unwrap_or_default()
}

/// Those of `names` that a side has.
fn there(side: &Side, names: &[&str]) -> Vec<String> {
    let names = names.iter().filter(|name| side.metrics.contains(**name));
    names.map(|name| (*name).to_owned()).collect()
}

/// How each family is scored; the first of which a metric that decides is there is that of a run. Days
/// come first, which have metrics of visits and of coordination beside their own.
fn scores() -> [Box<dyn Score>; 4] {
    [
        Box::new(ClinicDayScore),
        Box::new(CoordinationScore),
        Box::new(StepScore),
        Box::new(VisitScore::default()),
    ]
}

/// The metrics asked for, each once, or those that decide.
///
/// # Errors
/// [`UnknownMetric`] with the nearest name.
pub fn choose_metrics(side: &Side, asked: &[String]) -> Result<Vec<String>, UnknownMetric> {
    if asked.is_empty() {
        return Ok(decisive_metrics(side));
    }
    let mut chosen: Vec<String> = Vec::new();
    for name in asked {
        if !side.metrics.contains(name) {
            return Err(unknown_metric(name, &side.metrics));
        }
        if !chosen.contains(name) {
            chosen.push(name.clone());
        }
    }
    Ok(chosen)
}

/// The error for a name that is not among `known`.
pub(crate) fn unknown_metric(got: &str, known: &BTreeSet<String>) -> UnknownMetric {
    let names: Vec<&str> = known.iter().map(String::as_str).collect();
    UnknownMetric {
        got: got.to_owned(),
        expected: names.join(", "),
        near: nearest(got, names.iter().copied()).map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_say_which_way_is_better() {
        assert_eq!(direction("questions"), Direction::LowerIsBetter);
        assert_eq!(direction("hit@1.category"), Direction::HigherIsBetter);
        assert_eq!(direction("brier"), Direction::LowerIsBetter);
        assert_eq!(direction("return"), Direction::HigherIsBetter);
        assert_eq!(
            direction("wait_minutes[busy, 0.1]"),
            Direction::LowerIsBetter
        );
        assert_eq!(direction("utility[busy]"), Direction::HigherIsBetter);
    }

    #[test]
    fn an_unknown_metric_has_a_near_one() {
        let known = ["hit@1".to_owned(), "questions".to_owned()].into();
        let error = unknown_metric("hit@2", &known);
        assert_eq!(error.near.as_deref(), Some("hit@1"));
        assert!(error.to_string().ends_with("did you mean \"hit@1\"?"));
    }
}
