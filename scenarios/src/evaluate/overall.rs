//! What an evaluation says over all cases: repeats, never-events, counts.

use rounds_environments::streams::RunSeed;
use serde_json::{Map, Value, json};

use super::arm::{ArmResult, CaseOutcome, CaseStatus, RunResult};
use super::thresholds::ThresholdResult;
use crate::statistics::distributions::upper_bound;
use crate::statistics::estimate::LEVEL;
use crate::statistics::summary::ArmSummary;
use crate::statistics::{Estimate, Sample, estimate};

/// How often something happened that must never happen.
#[derive(Debug, Clone, PartialEq)]
pub struct NeverEvents {
    /// Id of the check with its case, or `any`.
    pub name: String,
    /// Cases with one visit at least in which it happened.
    pub cases: usize,
    /// Cases in which it could happen.
    pub of: usize,
    /// Visits in which it happened.
    pub visits: usize,
    /// Exact one-sided upper bound of 95 % of its probability, with the case as the unit.
    pub upper95: f64,
}

/// Critical checks over all cases: each that happened, then all together.
pub fn never_events(arm: &ArmResult) -> Vec<NeverEvents> {
    let mut out = Vec::new();
    let (mut any_cases, mut any_visits, mut of) = (0, 0, 0);
    for case in &arm.cases {
        let critical = |id: Option<&str>| {
            let met = |run: &&RunResult| {
                let mut checks = run.result.checks.iter();
                checks.any(|c| c.critical && c.met == Some(true) && id.is_none_or(|id| c.id == id))
            };
            case.runs.iter().filter(met).count()
        };
        let Some(first) = case.runs.first() else {
            continue;
        };
        let ids = first.result.checks.iter().filter(|check| check.critical);
        let ids: Vec<&str> = ids.map(|check| check.id.as_str()).collect();
        of += usize::from(!ids.is_empty());
        for id in ids {
            let visits = critical(Some(id));
            if visits > 0 {
                out.push(NeverEvents {
                    name: format!("{}/{id}", case.id),
                    cases: 1,
                    of: 1,
                    visits,
                    upper95: 1.0,
                });
            }
        }
        let visits = critical(None);
        any_visits += visits;
        any_cases += usize::from(visits > 0);
    }
    out.push(NeverEvents {
        name: "any".to_owned(),
        cases: any_cases,
        of,
        visits: any_visits,
        upper95: upper_bound(any_cases as u64, of as u64, LEVEL),
    });
    out
}

/// Adds the metrics that are of cases rather than of visits: `as_expected`, `cases_passed`,
/// `pass^k` (all visits pass), `worst_of_k` (the lowest score) and `never_event_upper95`.
pub fn add_case_metrics(summary: &mut ArmSummary, arm: &ArmResult, seed: RunSeed) {
    let runs = arm.cases.iter().flat_map(|case| &case.runs);
    let repeats = runs.map(|run| run.repeat as usize + 1).max().unwrap_or(1);
    let mut put = |name: &str, values: Vec<Option<f64>>| {
        let cases = (0..).zip(values);
        if let Ok(sample) = Sample::new(cases) {
            summary.put(name, &estimate(&sample, seed));
        }
    };
    let flag = |value: bool| Some(f64::from(u8::from(value)));
    let cases = &arm.cases;
    put(
        "as_expected",
        cases
            .iter()
            .map(|case| flag(case.status.as_expected()))
            .collect(),
    );
    let passes = |status| matches!(status, CaseStatus::Passed | CaseStatus::UnexpectedPass);
    put(
        "cases_passed",
        cases.iter().map(|case| flag(passes(case.status))).collect(),
    );
    if repeats > 1 {
        put(&format!("pass^{repeats}"), by_seed(cases, &all_pass));
        put(&format!("worst_of_{repeats}"), by_seed(cases, &worst));
    }
    let any = never_events(arm).pop();
    let bound = any.filter(|any| any.of > 0).map(|any| any.upper95);
    summary.put(
        "never_event_upper95",
        &Estimate {
            mean: bound,
            sd: None,
            ci95: None,
            n: cases.len(),
            clusters: cases.len(),
            why: match bound {
                Some(_) => Some("an exact one-sided upper bound of 95 %".to_owned()),
                None => Some("no case has a critical check".to_owned()),
            },
        },
    );
}

/// What `of` says of the repeats of each case, averaged over the seeds that it was played with.
fn by_seed(cases: &[CaseOutcome], of: &dyn Fn(&[&RunResult]) -> Option<f64>) -> Vec<Option<f64>> {
    let mean = |case: &CaseOutcome| {
        let mut seeds: Vec<Vec<&RunResult>> = Vec::new();
        for run in &case.runs {
            // Repeats follow one another: the first one begins a seed.
            match seeds.last_mut() {
                Some(seed) if run.repeat > 0 => seed.push(run),
                _ => seeds.push(vec![run]),
            }
        }
        let values: Option<Vec<f64>> = seeds.iter().map(|seed| of(seed)).collect();
        values.map(|values| values.iter().sum::<f64>() / values.len().max(1) as f64)
    };
    cases.iter().map(mean).collect()
}

fn all_pass(runs: &[&RunResult]) -> Option<f64> {
    let all = runs.iter().all(|run| run.result.passed == Some(true));
    Some(f64::from(u8::from(all)))
}

fn worst(runs: &[&RunResult]) -> Option<f64> {
    runs.iter()
        .filter_map(|run| run.result.score.score)
        .reduce(f64::min)
}

/// The part of `summary.json` that is an evaluation's own.
pub fn evaluation_value(arms: &[ArmResult], thresholds: &[ThresholdResult]) -> Value {
    let arms: Vec<Value> = arms
        .iter()
        .map(|arm| {
            let cases: Vec<Value> = arm
                .cases
                .iter()
                .map(|case| {
                    let failing: Map<String, Value> = case
                        .failing()
                        .into_iter()
                        .map(|(id, count)| (id.to_owned(), json!(count)))
                        .collect();
                    json!({
                        "case": case.id,
                        "status": case.status.words(),
                        "runs": case.runs.len(),
                        "passed": case.passed(),
                        "score": case.score(),
                        "worst": case.worst(),
                        "failing": failing,
                        "reason": case.runs.iter().find_map(|run| run.row.reason.as_ref()),
                    })
                })
                .collect();
            let never: Vec<Value> = never_events(arm)
                .into_iter()
                .map(|never| {
                    json!({"check": never.name, "cases": never.cases, "of": never.of,
                           "visits": never.visits, "upper95": never.upper95})
                })
                .collect();
            json!({
                "arm": arm.name,
                "tests": arm.cases.len(),
                "failures": arm.count(CaseStatus::Failed) + arm.count(CaseStatus::UnexpectedPass),
                "errors": arm.count(CaseStatus::Error),
                "skipped": arm.count(CaseStatus::ExpectedFailure)
                    + arm.count(CaseStatus::Undetermined),
                "cases": cases,
                "never_events": never,
            })
        })
        .collect();
    let thresholds: Vec<Value> = thresholds
        .iter()
        .map(|t| {
            json!({"arm": t.arm, "metric": t.metric, "bound": t.bound.to_string(),
                   "got": t.got, "met": t.met})
        })
        .collect();
    json!({"arms": arms, "thresholds": thresholds})
}
