//! Whether an evaluation came out as it must.

use std::collections::{BTreeMap, BTreeSet};

use crate::clinic::cases::{CaseBook, CaseScore};
use crate::run::Score;
use crate::schema::AtLeast;
use crate::statistics::summary::ArmSummary;

/// A bound and what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct ThresholdResult {
    /// Name of the arm.
    pub arm: String,
    /// Name of the metric.
    pub metric: String,
    /// The bound.
    pub bound: AtLeast,
    /// What came out; `None` when it is undefined.
    pub got: Option<f64>,
    /// Whether it meets the bound; what is undefined does not.
    pub met: bool,
}

/// Metrics of cases rather than of visits.
const OF_CASES: [&str; 3] = ["as_expected", "cases_passed", "never_event_upper95"];

/// Metrics that a bound may be of.
pub fn metric_names(book: &CaseBook, score: &CaseScore) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = OF_CASES.iter().map(|name| (*name).to_owned()).collect();
    names.extend(score.order().iter().map(|name| (*name).to_owned()));
    let mut repeats = BTreeSet::new();
    for case in book.cases() {
        let checks = case.spec.checks.iter();
        names.extend(checks.map(|check| format!("score.{}", check.axis)));
        repeats.extend(case.spec.repeats);
    }
    let most = (0..book.episodes() as u32)
        .filter_map(|episode| book.of_episode(episode))
        .map(|(_, repeat)| repeat + 1)
        .max();
    if let Some(most) = most.filter(|most| *most > 1) {
        names.extend([format!("pass^{most}"), format!("worst_of_{most}")]);
    }
    names
}

/// Holds the metrics of an arm against the bounds; without any, every case must come out as
/// expected.
pub fn thresholds(arm: &ArmSummary, bounds: &BTreeMap<String, AtLeast>) -> Vec<ThresholdResult> {
    let by_default = BTreeMap::from([("as_expected".to_owned(), AtLeast::new(1.0))]);
    let bounds = if bounds.is_empty() {
        &by_default
    } else {
        bounds
    };
    bounds
        .iter()
        .map(|(metric, bound)| {
            let got = arm.metrics.get(metric).and_then(|m| m["mean"].as_f64());
            ThresholdResult {
                arm: arm.name.clone(),
                metric: metric.clone(),
                bound: *bound,
                got,
                met: got.is_some_and(|got| bound.met(got)),
            }
        })
        .collect()
}
