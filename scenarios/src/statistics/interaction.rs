//! The interaction of two factors, by four arms on the same cases.

use std::collections::BTreeMap;

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde::{Deserialize, Serialize};

use super::estimate::Estimate;
use super::sample::Sample;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;

/// On which scale effects add up where factors do not interact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectScale {
    /// Differences of means: 0 is no interaction.
    Difference,
    /// Ratios of means: 1 is no interaction.
    Ratio,
}

/// How much more the second factor changes where the first is at its other level.
///
/// `arms`: neither factor, the first alone, the second alone, both. With means `m`, on the scale of differences
/// `(m_both - m_second) - (m_first - m_neither)`, on that of ratios `(m_both / m_second) / (m_first / m_neither)`. The
/// interval is the percentile interval of 2000 resamples of the cases that all four arms have.
///
/// # Determinism
/// Draws from the stream of `seed` for [`Purpose::Bootstrap`] and nothing else.
pub fn interaction(arms: [&Sample; 4], scale: EffectScale, seed: RunSeed) -> Estimate {
    let mut cases: BTreeMap<u64, Vec<(f64, f64)>> = BTreeMap::new();
    for (at, arm) in arms.iter().enumerate() {
        for cluster in arm.clusters() {
            let of = cases.entry(cluster.case).or_default();
            if of.len() == at {
                of.push((cluster.sum, cluster.count));
            }
        }
    }
    let cases: Vec<Vec<(f64, f64)>> = cases.into_values().filter(|of| of.len() == 4).collect();
    let of = |drawn: &mut dyn Iterator<Item = usize>| -> Option<f64> {
        let mut sums = [(0.0, 0.0); 4];
        for case in drawn {
            for (total, (sum, count)) in sums.iter_mut().zip(&cases[case]) {
                *total = (total.0 + sum, total.1 + count);
            }
        }
        let [neither, first, second, both] = sums.map(|(sum, count)| sum / count);
        let found = match scale {
            EffectScale::Difference => (both - second) - (first - neither),
            EffectScale::Ratio => (both / second) / (first / neither),
        };
        found.is_finite().then_some(found)
    };
    let count = cases.len();
    let mean = of(&mut (0..count));
    let mut found: Vec<f64> = Vec::new();
    if count > 1 {
        let mut stream = StreamKey::episode(seed, EpisodeIx(2), Purpose::Bootstrap).open();
        for _ in 0..RESAMPLES {
            found.extend(of(&mut (0..count).map(|_| stream.random_range(0..count))));
        }
    }
    found.sort_by(f64::total_cmp);
    let at = |share: f64| found.get((share * (found.len().max(1) - 1) as f64).round() as usize);
    let enough = found.len() > RESAMPLES * 9 / 10;
    let ci95 = at(0.025).zip(at(0.975)).filter(|_| enough);
    Estimate {
        mean,
        sd: None,
        ci95: ci95.map(|(low, high)| [*low, *high]),
        n: count,
        clusters: count,
        why: match (mean, ci95) {
            (None, _) => Some("a mean is missing, or 0 on the scale of ratios".to_owned()),
            (_, None) => Some("too few cases for an interval".to_owned()),
            _ => None,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arm(value: impl Fn(u64) -> f64) -> Sample {
        Sample::new((0..30).map(|case| (case, Some(value(case))))).unwrap()
    }

    #[test]
    fn effects_that_add_up_or_multiply_do_not_interact_on_their_scale() {
        let base = |case: u64| 10.0 + (case % 7) as f64;
        let added = [
            arm(base),
            arm(|c| base(c) + 2.0),
            arm(|c| base(c) - 3.0),
            arm(|c| base(c) - 1.0),
        ];
        let of = |arms: &[Sample; 4], scale| {
            let [a, b, c, d] = arms;
            interaction([a, b, c, d], scale, RunSeed(1))
        };
        let none = of(&added, EffectScale::Difference);
        assert!(none.mean.unwrap().abs() < 1e-12);
        assert!(of(&added, EffectScale::Ratio).mean.unwrap() > 1.01);
        let multiplied = [
            arm(base),
            arm(|c| base(c) * 2.0),
            arm(|c| base(c) * 0.5),
            arm(base),
        ];
        assert!((of(&multiplied, EffectScale::Ratio).mean.unwrap() - 1.0).abs() < 1e-12);
        let [low, high] = of(&multiplied, EffectScale::Difference).ci95.unwrap();
        assert!(high < 0.0 && low < high, "{low} {high}");
    }

    #[test]
    fn cases_that_an_arm_lacks_do_not_count() {
        let all = arm(|_| 1.0);
        let few = Sample::new((0..5).map(|case| (case, Some(4.0)))).unwrap();
        let found = interaction(
            [&all, &all, &all, &few],
            EffectScale::Difference,
            RunSeed(1),
        );
        assert_eq!((found.n, found.mean), (5, Some(3.0)));
        let zeros = arm(|_| 0.0);
        let none = interaction(
            [&zeros, &zeros, &zeros, &zeros],
            EffectScale::Ratio,
            RunSeed(1),
        );
        assert_eq!((none.mean, none.ci95), (None, None));
    }
}
