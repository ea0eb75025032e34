//! A metric of one arm: values grouped by the case they came from.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Why values cannot form a sample.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A value is infinite or not a number.
    #[error("value {index} of case {case}: expected a finite number, got {value}")]
    NotFinite {
        /// Place of the value, from 0.
        index: usize,
        /// Case of the value.
        case: u64,
        /// The value.
        value: f64,
    },
}

/// What kind of numbers a metric takes; it decides which interval and test are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Only 0 and 1: hit or miss.
    Binary,
    /// Any number.
    Continuous,
}

/// The values of one case (its repeats), added up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cluster {
    /// Case the values came from.
    pub case: u64,
    /// How many values.
    pub count: f64,
    /// Their sum.
    pub sum: f64,
}

impl Cluster {
    /// Mean of the case.
    pub fn mean(&self) -> f64 {
        self.sum / self.count
    }
}

/// Values of one metric in one arm, kept as sums by case.
///
/// Repeats of one case are not independent, so the case is the unit of every interval and test.
/// Two samples are paired by case id: equal ids must mean equal cases in both.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    clusters: Vec<Cluster>,
    n: usize,
    mean: f64,
    sd: f64,
    range: [f64; 2],
    kind: Kind,
    undefined: usize,
}

impl Sample {
    /// A sample of `(case, value)` pairs in any order. `None` counts as undefined and is left out.
    /// The kind is [`Kind::Binary`] when all values are 0 or 1.
    ///
    /// # Errors
    /// [`SampleError::NotFinite`] for an infinite value or one that is not a number.
    pub fn new(values: impl IntoIterator<Item = (u64, Option<f64>)>) -> Result<Self, SampleError> {
        let mut kept: Vec<(u64, f64)> = Vec::new();
        let mut undefined = 0;
        for (index, (case, value)) in values.into_iter().enumerate() {
            match value {
                Some(value) if value.is_finite() => kept.push((case, value)),
                Some(value) => return Err(SampleError::NotFinite { index, case, value }),
                None => undefined += 1,
            }
        }
        // By case, then by value: the sums do not depend on the order in which values came.
        kept.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
        Ok(Self::from_sorted(&kept, undefined))
    }

    /// A sample in which every value is a case of its own, numbered from 0.
    ///
    /// # Errors
    /// As [`Sample::new`].
    pub fn independent(values: &[f64]) -> Result<Self, SampleError> {
        Self::new((0..).zip(values.iter().copied().map(Some)))
    }

    fn from_sorted(values: &[(u64, f64)], undefined: usize) -> Self {
        let n = values.len();
        let mut clusters: Vec<Cluster> = Vec::new();
        for &(case, value) in values {
            match clusters.last_mut() {
                Some(last) if last.case == case => {
                    last.count += 1.0;
                    last.sum += value;
                }
                _ => clusters.push(Cluster {
                    case,
                    count: 1.0,
                    sum: value,
                }),
            }
        }
        let mean = clusters.iter().map(|c| c.sum).sum::<f64>() / n as f64;
        let squares: f64 = values.iter().map(|(_, v)| (v - mean) * (v - mean)).sum();
        let range = values.iter().fold(
            [f64::INFINITY, f64::NEG_INFINITY],
            |[low, high], &(_, value)| [low.min(value), high.max(value)],
        );
        let binary = values.iter().all(|&(_, v)| v == 0.0 || v == 1.0);
        Self {
            clusters,
            n,
            mean: if range[0] == range[1] { range[0] } else { mean },
            sd: if n < 2 || range[0] == range[1] {
                0.0
            } else {
                libm::sqrt(squares / (n - 1) as f64)
            },
            range,
            kind: if binary {
                Kind::Binary
            } else {
                Kind::Continuous
            },
            undefined,
        }
    }

    /// The same values read as a metric that can take any number, even when all are 0 or 1.
    #[must_use]
    pub fn as_continuous(mut self) -> Self {
        self.kind = Kind::Continuous;
        self
    }

    /// The cases in ascending order of id, each with at least one value.
    pub fn clusters(&self) -> &[Cluster] {
        &self.clusters
    }

    /// Number of defined values.
    pub fn n(&self) -> usize {
        self.n
    }

    /// Number of values left out because they were undefined.
    pub fn undefined(&self) -> usize {
        self.undefined
    }

    /// Mean of the values; not a number for an empty sample.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation of the values (divisor `n - 1`); 0 for fewer than two.
    pub fn sd(&self) -> f64 {
        self.sd
    }

    /// Kind of the metric.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Whether all values are equal. True for an empty sample.
    pub fn is_constant(&self) -> bool {
        self.range[0] >= self.range[1]
    }

    /// Whether no case has more than one value.
    pub fn has_no_repeats(&self) -> bool {
        self.clusters.len() == self.n
    }

    /// Variance of the mean with the case as the unit, and its degrees of freedom; `None` for
    /// fewer than two cases.
    ///
    /// The residual sum of each case is divided by `sqrt(1 - share of the case in all values)`
    /// (the correction known as CR2), and the degrees of freedom are those of Bell and McCaffrey
    /// for a mean: cases minus one when all cases have as many values, fewer otherwise.
    pub(super) fn variance_of_mean(&self) -> Option<(f64, f64)> {
        if self.clusters.len() < 2 {
            return None;
        }
        let n = self.n as f64;
        let [mut variance, mut squares, mut a_sum, mut a_squares] = [0.0; 4];
        for cluster in &self.clusters {
            let rest = 1.0 - cluster.count / n;
            let residual = cluster.sum - cluster.count * self.mean;
            variance += residual * residual / rest;
            squares += cluster.count * cluster.count;
            let a = cluster.count * cluster.count / rest;
            a_sum += a;
            a_squares += a * a;
        }
        let spread = squares + (a_sum * a_sum - a_squares) / (n * n);
        Some((variance / (n * n), n * n / spread))
    }
}

/// Numbers for case names, given in the order in which names are first seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CaseNumbers(BTreeMap<String, u64>);

impl CaseNumbers {
    /// The number of `name`: the known one, or the next free one.
    pub fn number(&mut self, name: &str) -> u64 {
        if let Some(&number) = self.0.get(name) {
            return number;
        }
        let number = self.0.len() as u64;
        self.0.insert(name.to_owned(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_of_a_case_are_one_cluster() {
        let sample = Sample::new([
            (4, Some(1.0)),
            (2, Some(0.0)),
            (4, Some(0.0)),
            (3, None),
            (2, Some(1.0)),
            (2, Some(1.0)),
        ])
        .unwrap();
        assert_eq!((sample.n(), sample.undefined()), (5, 1));
        assert_eq!(sample.clusters().len(), 2);
        assert_eq!(sample.clusters()[0].sum, 2.0);
        assert_eq!(sample.kind(), Kind::Binary);
        assert!(!sample.has_no_repeats());
    }

    #[test]
    fn variance_without_repeats_is_the_textbook_one() {
        let sample = Sample::independent(&[1.0, 2.0, 4.0, 9.0]).unwrap();
        let (variance, df) = sample.variance_of_mean().unwrap();
        assert!((variance - sample.sd() * sample.sd() / 4.0).abs() < 1e-12);
        assert!((df - 3.0).abs() < 1e-12);
    }

    #[test]
    fn uneven_cases_cost_degrees_of_freedom() {
        let even = Sample::new((0..12).map(|i| (i % 4, Some(i as f64)))).unwrap();
        let uneven =
            Sample::new((0..12).map(|i: u64| (i.saturating_sub(8), Some(i as f64)))).unwrap();
        assert!((even.variance_of_mean().unwrap().1 - 3.0).abs() < 1e-12);
        assert!(uneven.variance_of_mean().unwrap().1 < 2.0);
    }

    #[test]
    fn a_value_that_is_no_number_is_refused_by_place() {
        let error = Sample::new([(7, Some(1.0)), (8, Some(f64::NAN))]).unwrap_err();
        assert!(matches!(
            error,
            SampleError::NotFinite {
                index: 1,
                case: 8,
                ..
            }
        ));
    }

    #[test]
    fn case_names_keep_their_numbers() {
        let mut cases = CaseNumbers::default();
        assert_eq!(
            [cases.number("b"), cases.number("a"), cases.number("b")],
            [0, 1, 0]
        );
    }
}
