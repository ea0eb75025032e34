//! The mean of a metric with an interval that holds for repeated cases.
//!
//! Three intervals, all with the case as the unit:
//!
//! * 0/1 metrics: Wilson's score interval at the effective sample size. That is the number of
//!   values divided by the design effect, which is the variance of the mean over cases divided by
//!   the one that independent values would have, and is shrunk by `(z / t)^2` because the design
//!   effect is itself estimated. Near 0 and 1 Wilson's interval stays close to its level (92 to
//!   98 % with 20 to 50 cases, in steps, since counts are whole), where the t interval collapses.
//! * Other metrics with 8 to 100 cases: the bootstrap-t over cases with 999 resamples, which
//!   follows a skewed distribution.
//! * Other metrics with fewer or more cases: the t interval over cases with the degrees of freedom
//!   of Bell and McCaffrey.

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde::{Deserialize, Serialize};

use super::distributions::t_critical;
use super::sample::{Kind, Sample};

/// Nominal coverage of every interval.
pub const LEVEL: f64 = 0.95;

/// Numbers of cases for which the bootstrap is used.
const BOOTSTRAP_CASES: core::ops::RangeInclusive<usize> = 8..=100;

/// Share of the squares of a resample below which its spread is rounding.
const ROUNDING: f64 = 1e-9;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 999;

/// Mean of a metric with its spread and interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// Mean over the defined values; `None` when there is none.
    pub mean: Option<f64>,
    /// Standard deviation of the values; `None` for fewer than two.
    pub sd: Option<f64>,
    /// Interval that covers the true mean in 95 of 100 evaluations; `None` for fewer than two cases.
    pub ci95: Option<[f64; 2]>,
    /// Number of defined values.
    pub n: usize,
    /// Number of cases they came from.
    pub clusters: usize,
    /// Why something is `None`, or what to keep in mind about the interval.
    pub why: Option<String>,
}

/// Estimates the mean of `sample`.
///
/// # Determinism
/// The bootstrap draws from the stream of `seed` for [`Purpose::Bootstrap`] and nothing else; the
/// result does not depend on the order in which the values were given.
pub fn estimate(sample: &Sample, seed: RunSeed) -> Estimate {
    let clusters = sample.clusters().len();
    let undefined = sample.undefined();
    let mut notes: Vec<String> = Vec::new();
    if undefined > 0 {
        let all = undefined + sample.n();
        notes.push(format!("undefined in {undefined} of {all} episodes"));
    }
    let ci95 = match clusters {
        0 => {
            if undefined == 0 {
                notes.push("no episode".to_owned());
            }
            None
        }
        1 => {
            notes.push("one case only: no interval".to_owned());
            None
        }
        _ => Some(interval(sample, seed)),
    };
    if ci95.is_some() && sample.is_constant() && sample.kind() == Kind::Continuous {
        notes.push("all values are equal: the interval says nothing of values not seen".to_owned());
    }
    Estimate {
        mean: (sample.n() > 0).then(|| sample.mean()),
        sd: (sample.n() > 1).then(|| sample.sd()),
        ci95,
        n: sample.n(),
        clusters,
        why: (!notes.is_empty()).then(|| notes.join("; ")),
    }
}

/// Interval of a sample of at least two cases.
fn interval(sample: &Sample, seed: RunSeed) -> [f64; 2] {
    let mean = sample.mean();
    match sample.kind() {
        Kind::Binary => wilson_interval(mean, effective_size(sample, true), LEVEL),
        Kind::Continuous if sample.is_constant() => [mean, mean],
        Kind::Continuous => {
            let Some((variance, df)) = sample.variance_of_mean() else {
                return [mean, mean];
            };
            let se = libm::sqrt(variance);
            let [low, high] = BOOTSTRAP_CASES
                .contains(&sample.clusters().len())
                .then(|| bootstrap_t(sample, seed))
                .flatten()
                .unwrap_or_else(|| {
                    let t = t_critical(LEVEL, df);
                    [-t, t]
                });
            [mean - high * se, mean - low * se]
        }
    }
}

/// Number of independent values that would tell as much about the mean of a 0/1 metric as
/// `sample` does.
///
/// With `shrunk`, less by `(z / t)^2` when the design effect had to be estimated. When all values
/// are equal the design effect cannot be seen; then every case counts once.
pub(super) fn effective_size(sample: &Sample, shrunk: bool) -> f64 {
    let n = sample.n() as f64;
    let cases = sample.clusters().len() as f64;
    if sample.has_no_repeats() {
        return n;
    }
    if sample.is_constant() {
        return cases;
    }
    let Some((variance, df)) = sample.variance_of_mean() else {
        return cases;
    };
    let alone = sample.mean() * (1.0 - sample.mean()) / n;
    let largest = sample
        .clusters()
        .iter()
        .fold(1.0, |most: f64, c| most.max(c.count));
    let design_effect = (variance / alone).clamp(1.0, largest);
    let size = n / design_effect;
    if !shrunk {
        return size;
    }
    let ratio = t_critical(LEVEL, f64::INFINITY) / t_critical(LEVEL, df);
    size * ratio * ratio
}

/// Wilson's score interval of a proportion `p` seen in `n` independent values.
///
/// # Source
/// E. B. Wilson, Probable inference, the law of succession, and statistical inference (1927).
pub fn wilson_interval(p: f64, n: f64, level: f64) -> [f64; 2] {
    let z = t_critical(level, f64::INFINITY);
    let z2 = z * z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = z / (1.0 + z2 / n) * libm::sqrt(p * (1.0 - p) / n + z2 / (4.0 * n * n));
    [(centre - half).max(0.0), (centre + half).min(1.0)]
}

/// The 2.5 % and 97.5 % points of the studentised mean over resampled cases; `None` when too many
/// resamples have no spread.
fn bootstrap_t(sample: &Sample, seed: RunSeed) -> Option<[f64; 2]> {
    let mean = sample.mean();
    let cases = sample.clusters();
    let count = cases.len();
    let parts: Vec<[f64; 2]> = cases
        .iter()
        .map(|c| [c.count, c.sum - c.count * mean])
        .collect();
    let scale = count as f64 / (count as f64 - 1.0);
    let mut stream = StreamKey::episode(seed, EpisodeIx(0), Purpose::Bootstrap).open();
    let mut ratios = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let [mut n, mut sum, mut sum2, mut cross, mut n2] = [0.0; 5];
        for _ in 0..count {
            // The high half of the product is uniform over the cases to one part in 2^25.
            let draw = u64::from(stream.random::<u32>()) * count as u64;
            let [size, residual] = parts[(draw >> 32) as usize];
            n += size;
            sum += residual;
            sum2 += residual * residual;
            cross += size * residual;
            n2 += size * size;
        }
        let shift = sum / n;
        let squares = sum2 - 2.0 * shift * cross + shift * shift * n2;
        let se = libm::sqrt(scale * squares.max(0.0)) / n;
        // What is left over of equal values is rounding, not spread.
        if squares > ROUNDING * sum2 {
            ratios.push(shift / se);
        } else if shift != 0.0 {
            ratios.push(f64::INFINITY.copysign(shift));
        }
    }
    if ratios.len() < RESAMPLES * 9 / 10 {
        return None;
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let tail = 0.5 * (1.0 - LEVEL) * (ratios.len() + 1) as f64;
    let rank = (tail as usize).max(1);
    let [low, high] = [ratios[rank - 1], ratios[ratios.len() - rank]];
    (low.is_finite() && high.is_finite()).then_some([low, high])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: [f64; 2], want: [f64; 2], tolerance: f64) {
        let far = (0..2).any(|side| (got[side] - want[side]).abs() > tolerance);
        assert!(!far, "got {got:?}, want {want:?}");
    }

    #[test]
    fn wilson_agrees_with_its_table() {
        close(wilson_interval(0.5, 10.0, 0.95), [0.2366, 0.7634], 1e-4);
        close(wilson_interval(0.0, 10.0, 0.95), [0.0, 0.2775], 1e-4);
        close(
            wilson_interval(15.0 / 148.0, 148.0, 0.95),
            [0.0624, 0.1605],
            1e-4,
        );
    }

    #[test]
    fn one_value_that_differs_does_not_blow_the_interval_up() {
        for count in [9, 40, 70, 100] {
            let mut values = vec![19.0; count];
            values[3] = 5.0;
            let sample = Sample::independent(&values).unwrap();
            let [low, high] = estimate(&sample, RunSeed(7)).ci95.unwrap();
            assert!(low > 5.0 && high < 25.0, "{count}: [{low}, {high}]");
        }
    }

    #[test]
    fn nothing_and_one_case_say_why() {
        let empty = estimate(&Sample::new([]).unwrap(), RunSeed(1));
        assert_eq!((empty.mean, empty.ci95), (None, None));
        assert_eq!(empty.why.as_deref(), Some("no episode"));
        let undefined = estimate(&Sample::new([(1, None), (2, None)]).unwrap(), RunSeed(1));
        assert_eq!(
            undefined.why.as_deref(),
            Some("undefined in 2 of 2 episodes")
        );
        let one = estimate(
            &Sample::new([(1, Some(2.0)), (1, Some(3.0))]).unwrap(),
            RunSeed(1),
        );
        assert_eq!((one.mean, one.ci95, one.clusters), (Some(2.5), None, 1));
        assert!(one.why.unwrap().contains("one case"));
    }

    #[test]
    fn constants_have_an_interval_and_a_word_of_warning() {
        let same = estimate(&Sample::independent(&[3.1; 30]).unwrap(), RunSeed(1));
        assert_eq!((same.mean, same.sd), (Some(3.1), Some(0.0)));
        assert_eq!(same.ci95, Some([3.1, 3.1]));
        assert!(same.why.unwrap().contains("equal"));
        let hits = estimate(&Sample::independent(&[1.0; 30]).unwrap(), RunSeed(1));
        let [low, high] = hits.ci95.unwrap();
        assert!(low > 0.85 && low < 0.95 && high == 1.0);
    }

    #[test]
    fn equal_seeds_give_equal_intervals_in_any_order_of_values() {
        let values: Vec<(u64, Option<f64>)> = (0..60)
            .map(|i| (i % 20, Some(libm::sqrt(i as f64))))
            .collect();
        let forward = Sample::new(values.iter().copied()).unwrap();
        let backward = Sample::new(values.iter().rev().copied()).unwrap();
        assert_eq!(
            estimate(&forward, RunSeed(3)),
            estimate(&backward, RunSeed(3))
        );
        assert_ne!(
            estimate(&forward, RunSeed(3)),
            estimate(&forward, RunSeed(4))
        );
    }
}
