//! The interquartile mean over cases, with its interval.

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::estimate::Estimate;
use super::sample::{Cluster, Sample};

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2000;
/// Share that is left out at either end.
const TRIMMED: f64 = 0.25;

/// Mean of the middle half of `values`; a value that is partly in it counts in part. `None` where there is none.
///
/// # Source
/// Agarwal et al. (2021), Deep reinforcement learning at the edge of the statistical precipice, section 4.2.
pub fn interquartile_mean(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let count = sorted.len() as f64;
    let (low, high) = (TRIMMED * count, (1.0 - TRIMMED) * count);
    let weight = |at: usize| {
        let (from, to) = (at as f64, at as f64 + 1.0);
        (to.min(high) - from.max(low)).max(0.0)
    };
    let weighted = sorted
        .iter()
        .enumerate()
        .map(|(at, value)| weight(at) * value);
    (!sorted.is_empty()).then(|| weighted.sum::<f64>() / (high - low))
}

/// The interquartile mean over the cases' own means, with the percentile interval of 2000 resamples of cases.
///
/// With few cases the interval is too narrow: the bootstrap knows no values but those seen.
///
/// # Determinism
/// Draws from the stream of `seed` for [`Purpose::Bootstrap`] and nothing else.
pub fn interquartile(sample: &Sample, seed: RunSeed) -> Estimate {
    let means: Vec<f64> = sample.clusters().iter().map(Cluster::mean).collect();
    let mut stream = StreamKey::episode(seed, EpisodeIx(1), Purpose::Bootstrap).open();
    let mut found: Vec<f64> = Vec::new();
    if means.len() > 1 {
        let mut drawn = vec![0.0; means.len()];
        for _ in 0..RESAMPLES {
            drawn.fill_with(|| means[stream.random_range(0..means.len())]);
            found.extend(interquartile_mean(&drawn));
        }
    }
    found.sort_by(f64::total_cmp);
    let at = |share: f64| found.get((share * (found.len().max(1) - 1) as f64).round() as usize);
    let ci95 = at(0.025).zip(at(0.975)).map(|(low, high)| [*low, *high]);
    let why = match means.len() {
        0 => Some("no episode".to_owned()),
        1 => Some("one case only: no interval".to_owned()),
        few @ 2..=9 => Some(format!(
            "the interval is of {few} cases, and too narrow for so few"
        )),
        _ => None,
    };
    Estimate {
        mean: interquartile_mean(&means),
        sd: None,
        ci95,
        n: sample.n(),
        clusters: means.len(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_half_counts() {
        assert_eq!(interquartile_mean(&[]), None);
        assert_eq!(interquartile_mean(&[3.0]), Some(3.0));
        assert_eq!(interquartile_mean(&[9.0, 1.0, 2.0, -50.0]), Some(1.5));
        // Of three, the middle one and a quarter of either neighbour: (0.25 * 0 + 3 + 0.25 * 9) / 1.5.
        assert_eq!(interquartile_mean(&[9.0, 0.0, 3.0]), Some(3.5));
        let all: Vec<f64> = (0..8).map(f64::from).collect();
        assert_eq!(interquartile_mean(&all), Some(3.5));
    }

    #[test]
    fn cases_are_resampled_and_few_of_them_are_told() {
        let of = |cases: u64| {
            let values = (0..cases).flat_map(|case| [(case, Some(case as f64)); 3]);
            interquartile(&Sample::new(values).unwrap(), RunSeed(3))
        };
        let many = of(40);
        let [low, high] = many.ci95.unwrap();
        assert!(many.mean.unwrap() - low > 2.0 && high - many.mean.unwrap() > 2.0);
        assert_eq!((many.clusters, many.n, many.why.clone()), (40, 120, None));
        assert_eq!(many, of(40));
        assert!(of(3).why.unwrap().contains("3 cases"));
        assert_eq!(of(1).ci95, None);
    }
}
