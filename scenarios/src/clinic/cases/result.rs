//! What the checks of a case say of one visit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::book::Case;
use super::rubric::{RubricItem, RubricScore, rubric_score};
use crate::predicate::{Course, evaluate};
use crate::run::Episode;
use crate::schema::{CheckSpec, Decides};

/// What judges said, by episode and check; a question that is there without an answer is
/// undetermined.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Judgements(pub BTreeMap<(u32, String), Option<bool>>);

/// The verdict of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CheckResult {
    /// Id of the check.
    pub id: String,
    /// Whether it is met; `None` when that is not determined.
    pub met: Option<bool>,
    /// Points when it is met.
    pub points: f64,
    /// What it is about.
    pub axis: String,
    /// The case fails when it is met.
    pub critical: bool,
    /// Numbers of the events that decided it; empty when nothing of the kind happened.
    pub events: Vec<u32>,
}

impl CheckResult {
    /// Whether the verdict is good news: met with points to gain, or not met with points to lose.
    pub fn is_good(&self) -> Option<bool> {
        let wanted = !self.critical && self.points >= 0.0;
        self.met.map(|met| met == wanted)
    }
}

/// The verdict of one visit.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseResult {
    /// Its checks, in the order of the case.
    pub checks: Vec<CheckResult>,
    /// Its score.
    pub score: RubricScore,
    /// Whether it passes; `None` when what is not determined decides.
    pub passed: Option<bool>,
    /// A critical check is met.
    pub critical: bool,
}

/// Applies the checks of `case` to a visit. `judgements` are those of the run; without them,
/// optional checks of judges are left out.
pub fn judge_case(
    case: &Case,
    episode: &Episode,
    judgements: Option<&Judgements>,
    finished: bool,
) -> CaseResult {
    let course = Course::new(episode, &case.spec.lexicon);
    let mut checks = Vec::with_capacity(case.spec.checks.len());
    for check in &case.spec.checks {
        let (met, events) = match &check.decides {
            Decides::When { expression, .. } => {
                let holds = evaluate(expression, &course);
                let events = holds.events.iter().map(|&at| episode.events[at].number);
                (Some(holds.met), events.collect())
            }
            Decides::Judge(_) => match judged(check, episode.episode, judgements) {
                Some(met) => (met, Vec::new()),
                None => continue,
            },
        };
        checks.push(CheckResult {
            id: check.id.clone(),
            met,
            points: check.points,
            axis: check.axis.clone(),
            critical: check.critical,
            events,
        });
    }
    settle_checks(case, checks, finished)
}

/// The verdict of a visit of `case` with these verdicts of its checks.
pub fn settle_checks(case: &Case, checks: Vec<CheckResult>, finished: bool) -> CaseResult {
    let items: Vec<RubricItem<'_>> = checks
        .iter()
        .map(|check| RubricItem {
            points: check.points,
            axis: &check.axis,
            met: check.met,
        })
        .collect();
    let score = rubric_score(&items);
    let pass = case.spec.pass;
    let critical = checks
        .iter()
        .any(|check| check.critical && check.met == Some(true));
    let may_be_critical = checks
        .iter()
        .any(|check| check.critical && check.met.is_none());
    let at = |value: f64| pass.score.met(value);
    let reached = score.bounds.map(|[low, high]| (at(low), at(high)));
    let passed = match reached {
        _ if !finished || (pass.no_critical && critical) => Some(false),
        None => Some(false),
        Some((false, false)) => Some(false),
        Some((true, true)) if !(pass.no_critical && may_be_critical) => Some(true),
        Some(_) => None,
    };
    CaseResult {
        checks,
        score,
        passed,
        critical,
    }
}

/// The judgement of a check; the outer `None` leaves it out.
fn judged(
    check: &CheckSpec,
    episode: u32,
    judgements: Option<&Judgements>,
) -> Option<Option<bool>> {
    match judgements {
        Some(judgements) => {
            let key = (episode, check.id.clone());
            Some(judgements.0.get(&key).copied().flatten())
        }
        None if check.optional => None,
        None => Some(None),
    }
}
