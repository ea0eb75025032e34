//! Scores from signed points.
//!
//! # Source
//! DynamiCare card, section 10 (the rule of HealthBench): points met over all positive points.

use std::collections::BTreeMap;

/// One item of a rubric.
#[derive(Debug, Clone, PartialEq)]
pub struct RubricItem<'a> {
    /// Points when it is met; may be negative.
    pub points: f64,
    /// What it is about.
    pub axis: &'a str,
    /// Whether it is met; `None` when that is not determined.
    pub met: Option<bool>,
}

/// The score of one visit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RubricScore {
    /// Points met over positive points, of the determined items; may be negative; `None` without
    /// positive points.
    pub score: Option<f64>,
    /// Lowest and highest score that the undetermined items allow.
    pub bounds: Option<[f64; 2]>,
    /// The score of each axis.
    pub by_axis: BTreeMap<String, Option<f64>>,
    /// Share of the items that are determined; 1 without items.
    pub coverage: f64,
}

/// Scores the items of one visit.
pub fn rubric_score(items: &[RubricItem<'_>]) -> RubricScore {
    let ratio = |axis: Option<&str>| {
        let of = items
            .iter()
            .filter(|i| axis.is_none_or(|axis| i.axis == axis));
        let (met, positive) = of.fold((0.0, 0.0), |(met, positive), item| match item.met {
            Some(true) => (met + item.points, positive + item.points.max(0.0)),
            Some(false) => (met, positive + item.points.max(0.0)),
            None => (met, positive),
        });
        (positive > 0.0).then(|| met / positive)
    };
    let bound = |against: bool| {
        let positive: f64 = items.iter().map(|item| item.points.max(0.0)).sum();
        let met: f64 = items
            .iter()
            .filter(|item| item.met.unwrap_or((item.points < 0.0) == against))
            .map(|item| item.points)
            .sum();
        (positive > 0.0).then(|| met / positive)
    };
    let determined = items.iter().filter(|item| item.met.is_some()).count();
    RubricScore {
        score: ratio(None),
        bounds: bound(true).zip(bound(false)).map(|(low, high)| [low, high]),
        by_axis: items
            .iter()
            .map(|item| (item.axis.to_owned(), ratio(Some(item.axis))))
            .collect(),
        coverage: match items.len() {
            0 => 1.0,
            all => determined as f64 / all as f64,
        },
    }
}

/// Mean of the scores that are defined, clipped to 0 to 1, and how many they are.
pub fn dataset_mean(scores: impl IntoIterator<Item = Option<f64>>) -> (Option<f64>, usize) {
    let defined: Vec<f64> = scores.into_iter().flatten().collect();
    let mean = defined.iter().sum::<f64>() / defined.len() as f64;
    (
        (!defined.is_empty()).then_some(mean.clamp(0.0, 1.0)),
        defined.len(),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(points: f64, met: Option<bool>) -> RubricItem<'static> {
        RubricItem {
            points,
            axis: "a",
            met,
        }
    }

    #[test]
    fn what_is_not_determined_widens_the_bounds_and_moves_no_score() {
        let items = [item(2.0, Some(true)), item(2.0, None), item(-1.0, None)];
        let score = rubric_score(&items);
        assert_eq!(score.score, Some(1.0));
        assert_eq!(score.bounds, Some([0.25, 1.0]));
        assert!((score.coverage - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(rubric_score(&[item(-3.0, Some(true))]).score, None);
    }

    proptest! {
        #[test]
        fn a_check_without_points_changes_nothing(
            items in prop::collection::vec((-5..6_i32, prop::option::of(any::<bool>())), 0..12),
            met in prop::option::of(any::<bool>()),
        ) {
            let mut all: Vec<_> = items.iter().map(|(p, met)| item(f64::from(*p), *met)).collect();
            let before = rubric_score(&all);
            all.push(item(0.0, met));
            let after = rubric_score(&all);
            prop_assert_eq!((before.score, before.bounds), (after.score, after.bounds));
            if let (Some(score), Some([low, high])) = (after.score, after.bounds)
                && after.coverage == 1.0
            {
                prop_assert!((score - low).abs() < 1e-12 && (score - high).abs() < 1e-12);
            }
        }
    }
}
