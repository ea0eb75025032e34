//! Times to an event of which some are not seen to the end.
//!
//! Whoever is still waiting when the clock stops is censored: it counts as long as it was watched,
//! and is neither dropped nor taken to have come to its end.
//!
//! # Source
//! E. L. Kaplan and P. Meier, Nonparametric estimation from incomplete observations (1958);
//! O. O. Aalen and S. Johansen, An empirical transition matrix for nonhomogeneous Markov chains
//! based on censored observations (1978), for events of several causes.

/// One time, from when somebody began to be watched.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lifetime {
    /// Until the event, or until the watching ended.
    pub time: f64,
    /// How much it counts, at least 0.
    pub weight: f64,
    /// Cause of the event; `None` where it was not seen.
    pub cause: Option<u8>,
}

/// What lifetimes come to within a time.
#[derive(Debug, Clone, PartialEq)]
pub struct Survival {
    /// Mean time to the event, no time counting for more than the limit: the area under the curve of
    /// Kaplan and Meier.
    pub restricted_mean: f64,
    /// Probability that the event has not happened by the limit.
    pub survival: f64,
    /// Probability of the event by the limit, by cause `0..causes`.
    pub incidence: Vec<f64>,
}

/// Survival up to `until`; `None` where there is nobody who counts.
///
/// Events come before censorings of the same time. When nobody is watched for as long as `until`,
/// the curve goes on at its last height.
///
/// # Shapes
/// `lifetimes`: in any order, and sorted by time afterwards; causes are below `causes`.
pub fn survival(lifetimes: &mut [Lifetime], causes: u8, until: f64) -> Option<Survival> {
    let counted = |l: &Lifetime| l.weight.max(0.0);
    lifetimes.sort_by(|a, b| {
        let order = a.time.total_cmp(&b.time);
        order.then(a.cause.is_none().cmp(&b.cause.is_none()))
    });
    let mut at_risk: f64 = lifetimes.iter().map(counted).sum();
    if at_risk <= 0.0 || at_risk.is_nan() {
        return None;
    }
    let mut found = Survival {
        restricted_mean: 0.0,
        survival: 1.0,
        incidence: vec![0.0; usize::from(causes)],
    };
    let mut before = 0.0;
    let mut rest = &lifetimes[..];
    while let Some(first) = rest.first().filter(|l| l.time <= until) {
        let time = first.time;
        found.restricted_mean += found.survival * (time - before);
        before = time;
        let tied = rest.iter().take_while(|l| l.time == time).count();
        let (now, later) = rest.split_at(tied);
        rest = later;
        let mut ended = 0.0;
        if at_risk > 0.0 {
            for one in now {
                if let Some(cause) = one.cause {
                    ended += counted(one);
                    if let Some(of) = found.incidence.get_mut(usize::from(cause)) {
                        *of += found.survival * counted(one) / at_risk;
                    }
                }
            }
            found.survival *= 1.0 - (ended / at_risk).min(1.0);
        }
        // The weights left, added up anew: differences would leave the dust of rounding behind.
        at_risk = rest.iter().map(counted).sum();
    }
    found.restricted_mean += found.survival * (until - before);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(times: &[(f64, Option<u8>)]) -> Vec<Lifetime> {
        let lifetimes = times.iter();
        lifetimes
            .map(|&(time, cause)| Lifetime {
                time,
                weight: 1.0,
                cause,
            })
            .collect()
    }

    #[test]
    fn without_censoring_it_is_the_mean_of_what_counts() {
        let mut seen = all(&[
            (4.0, Some(0)),
            (1.0, Some(1)),
            (9.0, Some(0)),
            (2.0, Some(0)),
        ]);
        let found = survival(&mut seen, 2, 5.0).unwrap();
        assert!((found.restricted_mean - (4.0 + 1.0 + 5.0 + 2.0) / 4.0).abs() < 1e-12);
        assert!((found.survival - 0.25).abs() < 1e-12);
        assert!((found.incidence[0] - 0.5).abs() < 1e-12);
        assert!((found.incidence[1] - 0.25).abs() < 1e-12);
    }

    #[test]
    fn the_textbook_curve_with_censored_times() {
        // Remission times of 21 patients under 6-MP (Freireich and others, 1963), in weeks.
        let ended = [6.0, 6.0, 6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0];
        let watched = [
            6.0, 9.0, 10.0, 11.0, 17.0, 19.0, 20.0, 25.0, 32.0, 32.0, 34.0, 35.0,
        ];
        let mut both: Vec<(f64, Option<u8>)> = watched.map(|t| (t, None)).to_vec();
        both.extend(ended.map(|t| (t, Some(0))));
        for (until, height) in [(6.0, 0.857), (10.0, 0.753), (16.0, 0.627), (23.0, 0.448)] {
            let found = survival(&mut all(&both), 1, until).unwrap();
            assert!((found.survival - height).abs() < 5e-4, "{until}: {found:?}");
            assert!((found.survival + found.incidence[0] - 1.0).abs() < 1e-12);
        }
    }

    #[test]
    fn weights_count_as_copies_and_nobody_is_nothing() {
        let mut weighed = all(&[(1.0, Some(0)), (3.0, None), (4.0, Some(0))]);
        weighed[0].weight = 3.0;
        let mut copied = all(&[
            (1.0, Some(0)),
            (1.0, Some(0)),
            (1.0, Some(0)),
            (3.0, None),
            (4.0, Some(0)),
        ]);
        let [a, b] = [&mut weighed, &mut copied].map(|l| survival(l, 1, 6.0).unwrap());
        assert!((a.restricted_mean - b.restricted_mean).abs() < 1e-12);
        assert!((a.survival - b.survival).abs() < 1e-12);
        weighed.iter_mut().for_each(|l| l.weight = 0.0);
        assert!(survival(&mut weighed, 1, 6.0).is_none() && survival(&mut [], 1, 6.0).is_none());
        let mut early = all(&[(1.0, Some(0)), (2.0, None)]);
        let found = survival(&mut early, 1, 6.0).unwrap();
        assert!(
            (found.restricted_mean - 3.5).abs() < 1e-12,
            "flat at 0.5 from 1 to 6"
        );
    }
}
