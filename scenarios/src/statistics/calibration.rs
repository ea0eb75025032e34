//! Expected calibration error of an arm, with its interval.

use std::collections::BTreeMap;

use rand::RngExt;
use rounds_environments::clinic::metrics::expected_calibration_error;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::estimate::Estimate;

/// Bins of equal width between 0 and 1.
const BINS: usize = 10;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 1000;

/// The expected calibration error of `(case, confidence, correct)` over 10 bins, with the
/// percentile interval of 1000 resamples of cases.
///
/// The error of a resample is at least as large as that of the whole on average, so the interval
/// leans to the high side when cases are few.
///
/// # Determinism
/// Draws from the stream of `seed` for [`Purpose::Bootstrap`] and nothing else.
pub fn calibration_error(values: &[(u64, f64, bool)], seed: RunSeed) -> Estimate {
    let mut cases: BTreeMap<u64, Vec<(f64, bool)>> = BTreeMap::new();
    for &(case, confidence, correct) in values {
        cases.entry(case).or_default().push((confidence, correct));
    }
    let cases: Vec<Vec<(f64, bool)>> = cases.into_values().collect();
    let mean = expected_calibration_error(&cases.concat(), BINS);
    let mut stream = StreamKey::episode(seed, EpisodeIx(0), Purpose::Bootstrap).open();
    let mut drawn = Vec::new();
    let mut errors: Vec<f64> = Vec::new();
    if cases.len() > 1 {
        for _ in 0..RESAMPLES {
            drawn.clear();
            for _ in 0..cases.len() {
                drawn.extend_from_slice(&cases[stream.random_range(0..cases.len())]);
            }
            errors.extend(expected_calibration_error(&drawn, BINS));
        }
    }
    errors.sort_by(f64::total_cmp);
    let at = |share: f64| errors.get((share * (errors.len() - 1) as f64).round() as usize);
    let ci95 = match errors.as_slice() {
        [] => None,
        _ => at(0.025).zip(at(0.975)).map(|(low, high)| [*low, *high]),
    };
    let why = match (mean, ci95) {
        (None, _) => Some("no episode with a probability".to_owned()),
        (_, None) => Some("one case only: no interval".to_owned()),
        _ => None,
    };
    Estimate {
        mean,
        sd: None,
        ci95,
        n: values.len(),
        clusters: cases.len(),
        why,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calibrated_confidence_has_a_small_error_and_boasting_a_large_one() {
        let mut stream = StreamKey::episode(RunSeed(3), EpisodeIx(0), Purpose::Custom).open();
        let mut honest = Vec::new();
        let mut boasting = Vec::new();
        for case in 0..2000 {
            let p: f64 = stream.random();
            let correct = stream.random::<f64>() < p;
            honest.push((case, p, correct));
            boasting.push((case, 0.5 + p / 2.0, correct));
        }
        let [honest, boasting] = [honest, boasting].map(|v| calibration_error(&v, RunSeed(1)));
        assert!(honest.mean.unwrap() < 0.05, "{honest:?}");
        assert!((boasting.mean.unwrap() - 0.25).abs() < 0.03, "{boasting:?}");
        for estimate in [&honest, &boasting] {
            let [low, high] = estimate.ci95.unwrap();
            assert!(low < high && high - low < 0.1);
        }
        assert_eq!(calibration_error(&[], RunSeed(1)).mean, None);
    }
}
