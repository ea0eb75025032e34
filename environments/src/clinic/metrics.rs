//! Scores of a ranked list of diagnoses against the truth, and of probabilities.
//!
//! # Source
//! DynamiCare card, section 7.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// Depths at which lists are scored.
pub const DEPTHS: [usize; 4] = [1, 3, 5, 10];

/// Depth of the discounted gain.
const GAIN_DEPTH: usize = 10;

/// Smallest probability that a log-likelihood takes.
const FLOOR: f64 = 1e-12;

/// Scores of one list within its first `k` items.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct AtDepth {
    /// Depth, 1 or more.
    pub k: usize,
    /// 1 when a true diagnosis is among the first `k`, otherwise 0.
    pub hit: f64,
    /// Share of the true diagnoses among the first `k`; 0 without truth.
    pub recall: f64,
    /// Share of the items kept in the first `k` that are true; 0 when there are none.
    pub precision: f64,
    /// Harmonic mean of precision and recall; 0 when both are 0.
    pub f1: f64,
}

/// Scores of one list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RankScores {
    /// One entry for each of [`DEPTHS`].
    pub at: Vec<AtDepth>,
    /// Reciprocal rank of the first true item, 0 when there is none.
    pub mrr: f64,
    /// Normalised discounted cumulative gain of the first 10 items.
    pub ndcg_10: f64,
}

/// Scores `predicted` (best first) against `truth` at the level that `level` maps codes to.
///
/// Codes are mapped first and repeats are dropped after that. A true code that cannot be mapped
/// is left out; a predicted one stays in its place and counts as wrong.
pub fn score(
    predicted: &[String],
    truth: &[String],
    level: impl Fn(&str) -> Option<String>,
) -> RankScores {
    let wanted: BTreeSet<String> = truth.iter().filter_map(|code| level(code)).collect();
    let correct: Vec<bool> = ranked(predicted, &level)
        .iter()
        .map(|(code, known)| *known && wanted.contains(code))
        .collect();
    RankScores {
        at: DEPTHS
            .iter()
            .map(|&k| at_depth(&correct, wanted.len(), k))
            .collect(),
        mrr: correct
            .iter()
            .position(|right| *right)
            .map_or(0.0, |at| 1.0 / (at + 1) as f64),
        ndcg_10: ndcg(&correct, wanted.len()),
    }
}

/// Rank of `primary`, from 1, in `predicted` at the level of `level`, after repeats are dropped.
pub fn rank_of(
    primary: &str,
    predicted: &[String],
    level: impl Fn(&str) -> Option<String>,
) -> Option<usize> {
    let wanted = level(primary)?;
    ranked(predicted, &level)
        .iter()
        .position(|(code, known)| *known && *code == wanted)
        .map(|at| at + 1)
}

/// Mapped codes without repeats; `false` marks one that could not be mapped.
fn ranked(predicted: &[String], level: &impl Fn(&str) -> Option<String>) -> Vec<(String, bool)> {
    let mut seen = BTreeSet::new();
    predicted
        .iter()
        .map(|code| level(code).map_or_else(|| (code.clone(), false), |mapped| (mapped, true)))
        .filter(|item| seen.insert(item.clone()))
        .collect()
}

fn at_depth(correct: &[bool], wanted: usize, k: usize) -> AtDepth {
    let kept = correct.len().min(k);
    let hits = correct.iter().take(k).filter(|right| **right).count() as f64;
    let share = |of: usize| if of == 0 { 0.0 } else { hits / of as f64 };
    let (precision, recall) = (share(kept), share(wanted));
    let both = precision + recall;
    AtDepth {
        k,
        hit: f64::from(hits > 0.0),
        recall,
        precision,
        f1: if both > 0.0 {
            2.0 * precision * recall / both
        } else {
            0.0
        },
    }
}

fn ndcg(correct: &[bool], wanted: usize) -> f64 {
    let gain = |at: usize| 1.0 / libm::log2(at as f64 + 2.0);
    let ideal: f64 = (0..wanted.min(GAIN_DEPTH)).map(gain).sum();
    let got: f64 = (0..correct.len().min(GAIN_DEPTH))
        .filter(|at| correct[*at])
        .map(gain)
        .sum();
    if ideal > 0.0 { got / ideal } else { 0.0 }
}

/// Brier score of one case: the squared distance between `probabilities` and the truth, summed
/// over the classes. A truth of `None` or outside the classes adds 1 for the class that is missing.
pub fn brier(probabilities: &[f64], truth: Option<usize>) -> f64 {
    let squares = probabilities.iter().enumerate().map(|(class, p)| {
        let distance = p - f64::from(truth == Some(class));
        distance * distance
    });
    let missing = truth.is_none_or(|class| class >= probabilities.len());
    squares.sum::<f64>() + f64::from(missing)
}

/// Negative log-likelihood of the truth, in nats; probabilities below 1e-12 count as that, and so
/// does a truth that is not among the classes.
pub fn negative_log_likelihood(probabilities: &[f64], truth: Option<usize>) -> f64 {
    let p = truth.and_then(|class| probabilities.get(class).copied());
    -libm::log(p.unwrap_or(0.0).max(FLOOR))
}

/// Expected calibration error over `bins` bins of equal width: the mean distance, weighted by
/// size, between confidence and share correct. `None` without cases or bins.
pub fn expected_calibration_error(cases: &[(f64, bool)], bins: usize) -> Option<f64> {
    if cases.is_empty() || bins == 0 {
        return None;
    }
    let mut sums = vec![(0.0, 0.0); bins];
    for (confidence, correct) in cases {
        let bin = ((confidence * bins as f64) as usize).min(bins - 1);
        sums[bin].0 += confidence;
        sums[bin].1 += f64::from(*correct);
    }
    let distance: f64 = sums.iter().map(|(c, r)| (c - r).abs()).sum();
    Some(distance / cases.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::clinic::chart::tests::{golden, say_read};

    fn exact(code: &str) -> Option<String> {
        Some(code.to_owned())
    }

    fn category(code: &str) -> Option<String> {
        let len = if code.starts_with('E') { 4 } else { 3 };
        code.get(..len).map(str::to_owned)
    }

    fn close(got: f64, want: &Value, what: &str) {
        let want = want.as_f64().unwrap_or_else(|| panic!("{what}: no number"));
        assert!((got - want).abs() < 1e-9, "{what}: got {got}, want {want}");
    }

    fn compare(scores: &RankScores, want: &Value, what: &str) {
        for at in &scores.at {
            for (name, got) in [
                ("hit", at.hit),
                ("recall", at.recall),
                ("precision", at.precision),
                ("f1", at.f1),
            ] {
                let key = format!("{name}@{}", at.k);
                close(got, &want[&key], &format!("{what} {key}"));
            }
        }
        close(scores.mrr, &want["mrr"], &format!("{what} mrr"));
        close(scores.ndcg_10, &want["ndcg@10"], &format!("{what} ndcg"));
    }

    #[test]
    fn golden_diagnosis_metrics() {
        let Some(file) = golden("diagnosis_metrics.json") else {
            return;
        };
        let cases = file["cases"].as_array().unwrap();
        for (ix, case) in cases.iter().enumerate() {
            let list =
                |key: &str| -> Vec<String> { serde_json::from_value(case[key].clone()).unwrap() };
            let (predicted, truth) = (list("predicted"), list("truth"));
            let what = format!("case {ix}");
            compare(&score(&predicted, &truth, exact), &case["exact"], &what);
            compare(
                &score(&predicted, &truth, category),
                &case["category"],
                &what,
            );
            if let Some(code) = case["primary"]["code"].as_str() {
                let want = case["primary"]["rank_exact"].as_u64();
                let got = rank_of(code, &predicted, exact);
                assert_eq!(got.map(|r| r as u64), want, "{what}");
            }
        }
        say_read("diagnosis_metrics.json", cases.len());
    }

    #[test]
    fn calibration_has_closed_forms() {
        assert!((brier(&[0.5, 0.5], Some(0)) - 0.5).abs() < 1e-12);
        assert!((brier(&[1.0], None) - 2.0).abs() < 1e-12);
        assert!(negative_log_likelihood(&[1.0], Some(0)).abs() < 1e-12);
        assert!(negative_log_likelihood(&[1.0], Some(3)) > 20.0);
        let ece = expected_calibration_error(&[(0.8, true), (0.8, false)], 10);
        assert!((ece.unwrap() - 0.3).abs() < 1e-12);
        assert_eq!(expected_calibration_error(&[], 10), None);
    }

    proptest! {
        #[test]
        fn hit_and_recall_never_fall_with_depth(
            predicted in prop::collection::vec("[0-9]{3}", 0..14),
            truth in prop::collection::vec("[0-9]{3}", 0..5),
            shared in prop::collection::vec(0_usize..14, 0..4),
        ) {
            let mut truth = truth;
            truth.extend(shared.iter().filter_map(|ix| predicted.get(*ix).cloned()));
            let scores = score(&predicted, &truth, exact);
            for pair in scores.at.windows(2) {
                prop_assert!(pair[0].hit <= pair[1].hit);
                prop_assert!(pair[0].recall <= pair[1].recall);
            }
        }
    }
}
