//! The mean over all visits, corrected by those that people rated.
//!
//! The machine scores every visit, people a random part. The mean of the machine's scores `f` over
//! all visits plus the mean of `d = human - f` over the rated ones has no bias whatever the
//! machine's errors are, and the better the machine, the narrower its interval:
//!
//! ```text
//! corrected = mean(f, all visits) + mean(d, rated visits)
//! ```
//!
//! Visits come in cases (clusters), cases in three groups: `R`, with a rated visit; `U`, which
//! could be rated and were not; `K`, without a question, whose human score is the machine's. With
//! `N_c` visits of case `c`, `n_c` of them rated, `D_c = N_c * mean of d over its rated visits` and
//! `N_A` the visits of `R` and `U`:
//!
//! ```text
//! corrected = (sum of f) / N + (N_A / N) * dbar,   dbar = (sum over R of D_c) / (sum over R of N_c)
//! variance  = (1 / N^2) * [ sum over K of e_c^2 + (A / m) * sum over R of e_c^2 ]         cases are a sample
//!           + (N_A / N)^2 * (1 - m / A) * sum over R of g_c^2 / (sum over R of N_c)^2     R is a part of them
//! e_c = F_c + D_c - N_c * corrected,   g_c = D_c - N_c * dbar,   m cases in R, A in R and U
//! ```
//!
//! each square divided by `1 - share of the case in its visits` (as for every mean here). That is
//! the variance of the difference estimator in two phases, `S_h^2 / C + S_d^2 (1/m - 1/C)`, for
//! clusters; the rating of a part of a case's visits is in the spread of `D_c`. The interval is that
//! of Student's t with `m - 1` degrees of freedom, its ends cut to 0 to 1.
//!
//! # Source
//! A. N. Angelopoulos, S. Bates, C. Fannjiang, M. I. Jordan, T. Zrnic, Prediction-powered inference
//! (2023), for the estimator of a mean; W. G. Cochran, Sampling Techniques (1977), chapter 12
//! (double sampling), for the variance where the rated visits are among all visits.
//! Deviation: prediction-powered inference takes the rated visits to be others than those that the
//! machine alone scored, and adds both variances.

use serde::Serialize;

use crate::statistics::distributions::t_critical;
use crate::statistics::estimate::{LEVEL, wilson_interval};

/// The visits of one case in one arm.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ReviewedCase {
    /// Visits in all, `N_c`.
    pub visits: f64,
    /// Sum of the machine's scores over them.
    pub machine: f64,
    /// Rated visits, `n_c`.
    pub rated: f64,
    /// Sum of human minus machine score over the rated visits.
    pub difference: f64,
    /// It has a question, so that it could be rated.
    pub asked: bool,
}

impl ReviewedCase {
    /// `D_c`, for a case with rated visits.
    fn correction(&self) -> f64 {
        self.visits * self.difference / self.rated
    }
}

/// A corrected mean with its interval.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CorrectedMean {
    /// The corrected mean; may be a little outside 0 to 1.
    pub mean: Option<f64>,
    /// Its interval of 95 %.
    pub ci95: Option<[f64; 2]>,
    /// Why something is missing, or what to keep in mind.
    pub why: Option<String>,
}

/// A score as the machine has it and as people correct it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Corrected {
    /// Mean of the machine over all visits.
    pub machine: Option<f64>,
    /// Mean of the machine over the rated visits.
    pub machine_rated: Option<f64>,
    /// Mean of people over the rated visits.
    pub human_rated: Option<f64>,
    /// The corrected mean over all visits.
    pub corrected: CorrectedMean,
    /// The corrected mean when all that people could not tell goes against, and in favour.
    pub bounds: Option<[f64; 2]>,
    /// From the lower end of the first interval to the upper end of the second.
    pub bounds_ci95: Option<[f64; 2]>,
}

/// The corrected mean of scores within 0 to 1; the formula is that of the module.
pub fn corrected_mean(cases: &[ReviewedCase]) -> CorrectedMean {
    let all: f64 = cases.iter().map(|case| case.visits).sum();
    let askable = cases.iter().filter(|case| case.asked);
    let (askable_cases, askable_visits) = askable.fold((0.0, 0.0), |(n, visits), case| {
        (n + 1.0, visits + case.visits)
    });
    let rated: Vec<&ReviewedCase> = cases
        .iter()
        .filter(|case| case.asked && case.rated > 0.0)
        .collect();
    let rated_visits: f64 = rated.iter().map(|case| case.visits).sum();
    let m = rated.len() as f64;
    if rated.is_empty() {
        return CorrectedMean {
            mean: None,
            ci95: None,
            why: Some("no visit is rated whole".to_owned()),
        };
    }
    let corrections: f64 = rated.iter().map(|case| case.correction()).sum();
    let dbar = corrections / rated_visits;
    let machine: f64 = cases.iter().map(|case| case.machine).sum();
    let mean = machine / all + askable_visits / all * dbar;
    if rated.len() < 2 {
        return CorrectedMean {
            mean: Some(mean),
            ci95: None,
            why: Some("rated visits of one case only: no interval".to_owned()),
        };
    }
    let known: Vec<&ReviewedCase> = cases.iter().filter(|case| !case.asked).collect();
    let seen = rated_visits + known.iter().map(|case| case.visits).sum::<f64>();
    let square = |residual: f64, share: f64| residual * residual / (1.0 - share);
    let of_known: f64 = known
        .iter()
        .map(|c| square(c.machine - c.visits * mean, c.visits / seen))
        .sum();
    let of_rated: f64 = rated
        .iter()
        .map(|c| {
            let residual = c.machine + c.correction() - c.visits * mean;
            square(residual, c.visits / seen)
        })
        .sum();
    let of_rating: f64 = rated
        .iter()
        .map(|c| square(c.correction() - c.visits * dbar, c.visits / rated_visits))
        .sum();
    let part = askable_visits / all;
    let variance = (of_known + askable_cases / m * of_rated) / (all * all)
        + part * part * (1.0 - m / askable_cases) * of_rating / (rated_visits * rated_visits);
    let (ci95, why) = if variance > 0.0 {
        let half = t_critical(LEVEL, m - 1.0) * libm::sqrt(variance);
        ([mean - half, mean + half], None)
    } else if mean <= 0.0 || mean >= 1.0 {
        let why = "all rated visits are equal: Wilson's interval with the case as the unit";
        (wilson_interval(mean.clamp(0.0, 1.0), m, LEVEL), Some(why))
    } else {
        let why = "all rated visits are equal: the interval says nothing of values not seen";
        ([mean, mean], Some(why))
    };
    CorrectedMean {
        mean: Some(mean),
        ci95: Some(ci95.map(|end| end.clamp(0.0, 1.0))),
        why: why.map(str::to_owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(visits: f64, machine: f64, rated: f64, difference: f64) -> ReviewedCase {
        ReviewedCase {
            visits,
            machine,
            rated,
            difference,
            asked: true,
        }
    }

    #[test]
    fn fully_rated_cases_give_the_mean_and_error_of_the_human_scores() {
        // Human scores 0.2, 0.4, 0.9 whatever the machine says.
        let cases = [
            case(1.0, 1.0, 1.0, -0.8),
            case(1.0, 0.5, 1.0, -0.1),
            case(1.0, 0.0, 1.0, 0.9),
        ];
        let got = corrected_mean(&cases);
        assert!((got.mean.unwrap() - 0.5).abs() < 1e-12);
        let sd = libm::sqrt((0.09 + 0.01 + 0.16) / 2.0);
        let half = t_critical(LEVEL, 2.0) * sd / libm::sqrt(3.0);
        let want = [(0.5 - half).max(0.0), (0.5 + half).min(1.0)];
        let got = got.ci95.unwrap();
        assert!(
            (got[0] - want[0]).abs() < 1e-12 && (got[1] - want[1]).abs() < 1e-12,
            "{got:?} {want:?}"
        );
    }

    #[test]
    fn a_part_rated_gives_the_formula_of_double_sampling() {
        // Six cases of one visit, three rated: f 0.5 ± 0.1, d -0.1, 0.0, -0.2.
        let cases = [
            case(1.0, 0.4, 1.0, -0.1),
            case(1.0, 0.6, 1.0, 0.0),
            case(1.0, 0.5, 1.0, -0.2),
            case(1.0, 0.5, 0.0, 0.0),
            case(1.0, 0.6, 0.0, 0.0),
            case(1.0, 0.4, 0.0, 0.0),
        ];
        let got = corrected_mean(&cases);
        let mean = 0.5 - 0.1;
        assert!((got.mean.unwrap() - mean).abs() < 1e-12);
        // Human 0.3, 0.6, 0.3 around 0.4: S_h^2 = 0.06 / 2; S_d^2 = 0.02 / 2.
        let variance = 0.03 / 6.0 + 0.01 * (1.0 / 3.0 - 1.0 / 6.0);
        let half = t_critical(LEVEL, 2.0) * libm::sqrt(variance);
        let [low, high] = got.ci95.unwrap();
        assert!((low - (mean - half)).abs() < 1e-12, "{low}");
        assert!((high - (mean + half)).abs() < 1e-12, "{high}");
    }

    #[test]
    fn cases_without_questions_count_as_the_machine_scores_them() {
        let known = ReviewedCase {
            asked: false,
            ..case(2.0, 2.0, 0.0, 0.0)
        };
        let cases = [known, case(1.0, 1.0, 1.0, -0.5), case(1.0, 1.0, 1.0, -0.5)];
        // (2 + 0.5 + 0.5) / 4.
        assert!((corrected_mean(&cases).mean.unwrap() - 0.75).abs() < 1e-12);
    }

    #[test]
    fn what_cannot_be_said_is_not_said() {
        assert_eq!(corrected_mean(&[]).mean, None);
        let one = corrected_mean(&[case(2.0, 1.0, 1.0, 0.1), case(2.0, 1.0, 0.0, 0.0)]);
        assert!((one.mean.unwrap() - 0.6).abs() < 1e-12 && one.ci95.is_none());
        assert!(one.why.unwrap().contains("one case"));
        let all = corrected_mean(&[case(1.0, 1.0, 1.0, 0.0); 20]);
        let [low, high] = all.ci95.unwrap();
        assert!(low > 0.8 && low < 0.9 && high == 1.0, "{low} {high}");
    }
}
