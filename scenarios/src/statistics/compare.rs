//! Differences between two arms: interval, p-value and correction for many comparisons.
//!
//! Paired: the unit is the case; its difference is the mean of its repeats in one arm minus that
//! in the other. The interval is a t interval over cases; for 0/1 metrics two pseudo-cases with
//! opposite differences are added first, so that few differing cases do not make it collapse.
//! The p-value is the exact test of McNemar for 0/1 metrics without repeats, an exact sign-flip
//! test when at most 14 cases differ, and the t test otherwise.
//!
//! Unpaired: the interval and test of Welch with the variances over cases; for 0/1 metrics one
//! hit and one miss are added to each arm at its effective size.

use serde::{Deserialize, Serialize};

use super::distributions::{fair_binomial_cdf, normal_quantile, t_critical, t_two_sided};
use super::estimate::{LEVEL, effective_size};
use super::sample::{Kind, Sample};

/// Most differing cases for which all sign flips are tried.
const FLIPPED: usize = 14;

/// How two arms are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Design {
    /// Both arms saw the same cases; only the cases in both count.
    Paired,
    /// The arms saw different cases.
    Unpaired,
}

/// The first arm minus the second.
#[derive(Debug, Clone, PartialEq)]
pub struct Difference {
    /// How it was found.
    pub design: Design,
    /// Difference of the means; `None` when there is no case to compare.
    pub difference: Option<f64>,
    /// Interval of 95 %, not corrected for many comparisons.
    pub ci95: Option<[f64; 2]>,
    /// Two-sided p-value, not corrected for many comparisons.
    pub p: Option<f64>,
    /// Cases: common ones when paired, the mean number of the two arms otherwise.
    pub cases: usize,
    /// Standard deviation of the difference that one more case per arm brings.
    pub sd: f64,
    /// Standard deviation of the values of both arms together, the scale of the metric.
    pub scale: f64,
    /// Kind of the metric.
    pub kind: Kind,
    /// Why something is `None`, or what to keep in mind.
    pub why: Option<String>,
}

impl Difference {
    /// Smallest true difference that would be found in 80 of 100 evaluations of this size.
    pub fn detectable(&self) -> Option<f64> {
        (self.cases > 1).then(|| factor() * self.sd / libm::sqrt(self.cases as f64))
    }

    /// Cases per arm at which a true difference of `effect` is found in 80 of 100 evaluations;
    /// `None` when `effect` is not positive or the spread is unknown.
    pub fn needed_cases(&self, effect: f64) -> Option<usize> {
        let root = factor() * self.sd / effect;
        (effect > 0.0 && self.cases > 1).then(|| (libm::ceil(root * root) as usize).max(2))
    }
}

/// Sum of the normal quantiles of a two-sided level of 5 % and a power of 80 %.
fn factor() -> f64 {
    normal_quantile(0.5 + LEVEL / 2.0) + normal_quantile(0.8)
}

/// Compares the arm `a` with the arm `b`; a positive difference means that `a` is larger.
pub fn compare(a: &Sample, b: &Sample, design: Design) -> Difference {
    let kind = match (a.kind(), b.kind()) {
        (Kind::Binary, Kind::Binary) => Kind::Binary,
        _ => Kind::Continuous,
    };
    let scale = libm::sqrt(0.5 * (a.sd() * a.sd() + b.sd() * b.sd()));
    let base = Difference {
        design,
        difference: None,
        ci95: None,
        p: None,
        cases: 0,
        sd: 0.0,
        scale,
        kind,
        why: None,
    };
    match design {
        Design::Paired => paired(a, b, base),
        Design::Unpaired => unpaired(a, b, base),
    }
}

fn paired(a: &Sample, b: &Sample, base: Difference) -> Difference {
    let mut differences = Vec::new();
    let (mut values, mut at) = (0.0, 0);
    for left in a.clusters() {
        while b
            .clusters()
            .get(at)
            .is_some_and(|right| right.case < left.case)
        {
            at += 1;
        }
        if let Some(right) = b.clusters().get(at).filter(|right| right.case == left.case) {
            differences.push(left.mean() - right.mean());
            values += 0.5 * (left.count + right.count);
        }
    }
    let cases = differences.len();
    let dropped = a.clusters().len() + b.clusters().len() - 2 * cases;
    let mut why =
        (dropped > 0).then(|| format!("{dropped} cases seen by one arm only are left out"));
    if cases < 2 {
        why = Some(format!("expected at least 2 common cases, got {cases}"));
        return Difference {
            difference: differences.first().copied(),
            cases,
            why,
            ..base
        };
    }
    let n = cases as f64;
    let difference = differences.iter().sum::<f64>() / n;
    let binary = base.kind == Kind::Binary;
    let (centre, variance, size) = if binary {
        // Two pseudo-cases, as large as one value in a case with this many repeats can count.
        let pseudo = n / values;
        let squares = differences.iter().map(|d| d * d).sum::<f64>() + 2.0 * pseudo;
        let centre = difference * n / (n + 2.0);
        let variance = (squares / (n + 2.0) - centre * centre).max(0.0) * (n + 2.0) / (n + 1.0);
        (centre, variance, n + 2.0)
    } else {
        let squares: f64 = differences
            .iter()
            .map(|d| (d - difference) * (d - difference))
            .sum();
        (difference, squares / (n - 1.0), n)
    };
    let half = t_critical(LEVEL, n - 1.0) * libm::sqrt(variance / size);
    let p = if binary && a.has_no_repeats() && b.has_no_repeats() {
        let wins = differences.iter().filter(|d| **d > 0.0).count();
        let losses = differences.iter().filter(|d| **d < 0.0).count();
        mcnemar_exact(wins as u64, losses as u64)
    } else {
        paired_p(&differences, difference)
    };
    Difference {
        difference: Some(difference),
        ci95: Some([centre - half, centre + half]),
        p: Some(p),
        cases,
        sd: libm::sqrt(variance),
        why,
        ..base
    }
}

/// p-value of a mean difference: all sign flips when few cases differ, else the t test.
fn paired_p(differences: &[f64], mean: f64) -> f64 {
    let nonzero: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    if nonzero.len() > FLIPPED {
        let n = differences.len() as f64;
        let squares: f64 = differences.iter().map(|d| (d - mean) * (d - mean)).sum();
        return t_two_sided(mean / libm::sqrt(squares / (n - 1.0) / n), n - 1.0);
    }
    let seen = nonzero.iter().sum::<f64>().abs();
    let slack = 1e-9 * nonzero.iter().map(|d| d.abs()).sum::<f64>();
    let flips = 1_u32 << nonzero.len();
    let as_far = (0..flips).filter(|flip| {
        let sum: f64 = (0..)
            .zip(&nonzero)
            .map(|(bit, d)| if flip >> bit & 1 == 1 { -d } else { *d })
            .sum();
        sum.abs() >= seen - slack
    });
    as_far.count() as f64 / f64::from(flips)
}

/// Two-sided p-value of the exact test of McNemar for `wins` and `losses` among differing pairs.
///
/// # Source
/// Q. McNemar (1947), in the exact form: wins are a fair coin when the arms are equal.
pub fn mcnemar_exact(wins: u64, losses: u64) -> f64 {
    (2.0 * fair_binomial_cdf(wins.min(losses), wins + losses)).min(1.0)
}

fn unpaired(a: &Sample, b: &Sample, base: Difference) -> Difference {
    let cases = usize::midpoint(a.clusters().len(), b.clusters().len());
    let (Some(left), Some(right)) = (a.variance_of_mean(), b.variance_of_mean()) else {
        let [x, y] = [a.clusters().len(), b.clusters().len()];
        let why = Some(format!(
            "expected at least 2 cases in each arm, got {x} and {y}"
        ));
        let difference = (x > 0 && y > 0).then(|| a.mean() - b.mean());
        return Difference {
            difference,
            cases,
            why,
            ..base
        };
    };
    let part = |sample: &Sample, (variance, df): (f64, f64)| {
        if base.kind == Kind::Continuous {
            return (sample.mean(), variance, df);
        }
        let size = effective_size(sample, false);
        let p = (sample.mean() * size + 1.0) / (size + 2.0);
        (p, p * (1.0 - p) / (size + 2.0), df)
    };
    let (mean_a, var_a, df_a) = part(a, left);
    let (mean_b, var_b, df_b) = part(b, right);
    let variance = var_a + var_b;
    let mut why = "unpaired: the arms are taken to have seen different cases".to_owned();
    let difference = Some(a.mean() - b.mean());
    if variance <= 0.0 {
        why.push_str("; all values are equal in each arm, so there is no interval");
        return Difference {
            difference,
            cases,
            why: Some(why),
            ..base
        };
    }
    let df = variance * variance / (var_a * var_a / df_a + var_b * var_b / df_b);
    let se = libm::sqrt(variance);
    let centre = mean_a - mean_b;
    let half = t_critical(LEVEL, df) * se;
    Difference {
        difference,
        ci95: Some([centre - half, centre + half]),
        p: Some(t_two_sided(centre / se, df)),
        cases,
        sd: se * libm::sqrt(cases as f64),
        why: Some(why),
        ..base
    }
}

/// p-values of a family corrected by the step-down method of Holm, in the given order.
///
/// # Source
/// S. Holm, A simple sequentially rejective multiple test procedure (1979).
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&i, &j| p_values[i].total_cmp(&p_values[j]));
    let mut corrected = vec![0.0; p_values.len()];
    let mut largest: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        let left = (p_values.len() - rank) as f64;
        largest = largest.max((p_values[place] * left).min(1.0));
        corrected[place] = largest;
    }
    corrected
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn mcnemar_has_its_closed_form() {
        assert!((mcnemar_exact(1, 5) - 14.0 / 64.0).abs() < 1e-12);
        assert!((mcnemar_exact(0, 6) - 2.0 / 64.0).abs() < 1e-12);
        assert_eq!(mcnemar_exact(4, 4), 1.0);
        assert_eq!(mcnemar_exact(0, 0), 1.0);
    }

    #[test]
    fn holm_has_its_closed_form() {
        let got = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (got, want) in got.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((got - want).abs() < 1e-12);
        }
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn pairs_are_matched_by_case_and_others_left_out() {
        let a = Sample::new([(1, Some(3.0)), (2, Some(5.0)), (9, Some(80.0))]).unwrap();
        let b = Sample::new([(2, Some(4.0)), (1, Some(1.0)), (3, Some(0.0))]).unwrap();
        let got = compare(&a, &b, Design::Paired);
        assert_eq!((got.difference, got.cases), (Some(1.5), 2));
        assert!(got.why.unwrap().starts_with("2 cases"));
        let none = compare(&a, &Sample::independent(&[]).unwrap(), Design::Unpaired);
        assert_eq!((none.difference, none.p), (None, None));
        assert!(none.why.unwrap().contains("got 3 and 0"));
    }

    #[test]
    fn constant_arms_are_equal_without_doubt_of_numbers() {
        let a = Sample::independent(&[2.0; 9]).unwrap();
        let got = compare(&a, &a, Design::Paired);
        assert_eq!((got.p, got.ci95), (Some(1.0), Some([0.0, 0.0])));
        assert_eq!(compare(&a, &a, Design::Unpaired).ci95, None);
    }

    proptest! {
        #[test]
        fn swapping_the_arms_swaps_the_sign(values in prop::collection::vec((0_u64..8, -5.0..5.0, -5.0..5.0), 2..40)) {
            let a = Sample::new(values.iter().map(|v| (v.0, Some(v.1)))).unwrap();
            let b = Sample::new(values.iter().map(|v| (v.0, Some(v.2)))).unwrap();
            for design in [Design::Paired, Design::Unpaired] {
                let [one, two] = [compare(&a, &b, design), compare(&b, &a, design)];
                prop_assert_eq!(one.difference, two.difference.map(|d| -d));
                if let (Some(p), Some(q)) = (one.p, two.p) {
                    prop_assert!((p - q).abs() < 1e-9 && (0.0..=1.0).contains(&p));
                }
            }
        }

        #[test]
        fn holm_only_raises_and_keeps_the_order(p in prop::collection::vec(0.0..1.0_f64, 1..20)) {
            let corrected = holm(&p);
            for i in 0..p.len() {
                prop_assert!(corrected[i] >= p[i] && corrected[i] <= 1.0);
                for j in 0..p.len() {
                    prop_assert!(p[i] > p[j] || corrected[i] <= corrected[j]);
                }
            }
        }
    }
}
