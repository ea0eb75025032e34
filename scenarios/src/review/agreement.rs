//! Agreement of two who answer yes or no: Cohen's kappa with an interval, confusion, F1.
//!
//! The interval resamples cases, since the visits of one case are alike: 2.5 % and 97.5 % points
//! of kappa in 999 resamples. Kappa is undefined where chance alone would agree always, that is
//! when both say the same one thing throughout; resamples in which it is so are left out, and with
//! more than a tenth of them there is no interval.
//!
//! # Source
//! J. Cohen, A coefficient of agreement for nominal scales (1960).

use std::collections::BTreeMap;

use rand::RngExt;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde::Serialize;

use crate::statistics::estimate::LEVEL;

/// Resamples of the interval.
const RESAMPLES: usize = 999;

/// One item that both determined: its case, then what each says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair<'a> {
    /// Id of the case.
    pub case: &'a str,
    /// What the first says: the machine, or the first rater.
    pub a: bool,
    /// What the second says: the person, or the second rater.
    pub b: bool,
}

/// How two agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Agreement {
    /// Items that both determined.
    pub n: usize,
    /// Cases that they are of.
    pub cases: usize,
    /// Share of items on which both say the same.
    pub agreement: Option<f64>,
    /// Cohen's kappa.
    pub kappa: Option<f64>,
    /// Its interval of 95 %, with the case as the unit.
    pub kappa_ci95: Option<[f64; 2]>,
    /// Mean F1 of "yes" and "no", of those that either of them said; the second is taken for true.
    pub macro_f1: Option<f64>,
    /// Items by what the first and then the second says: `[[yes yes, yes no], [no yes, no no]]`.
    pub confusion: [[u64; 2]; 2],
    /// Why something is missing.
    pub why: Option<String>,
}

/// Counts by what both say, in the order of [`Agreement::confusion`].
type Counts = [[u64; 2]; 2];

fn observed(counts: &Counts) -> Option<f64> {
    let n = counts.as_flattened().iter().sum::<u64>();
    (n > 0).then(|| (counts[0][0] + counts[1][1]) as f64 / n as f64)
}

/// `(observed - chance) / (1 - chance)`; `None` when chance is 1.
fn kappa(counts: &Counts) -> Option<f64> {
    let observed = observed(counts)?;
    let [[yy, yn], [ny, nn]] = counts.map(|row| row.map(|count| count as f64));
    let n = yy + yn + ny + nn;
    // Whole counts decide whether it is defined, so that no rounding can.
    if yy + yn == n && yy + ny == n || ny + nn == n && yn + nn == n {
        return None;
    }
    let chance = ((yy + yn) * (yy + ny) + (ny + nn) * (yn + nn)) / (n * n);
    Some((observed - chance) / (1.0 - chance))
}

fn macro_f1(counts: &Counts) -> Option<f64> {
    let [[yy, yn], [ny, nn]] = counts.map(|row| row.map(|count| count as f64));
    let f1 = |both: f64| {
        let all = 2.0 * both + yn + ny;
        (all > 0.0).then(|| 2.0 * both / all)
    };
    let classes: Vec<f64> = [f1(yy), f1(nn)].into_iter().flatten().collect();
    (!classes.is_empty()).then(|| classes.iter().sum::<f64>() / classes.len() as f64)
}

/// The agreement over `pairs`.
///
/// # Determinism
/// The interval draws from the stream of `seed` for [`Purpose::Bootstrap`] and nothing else; the
/// order of the pairs does not matter.
pub fn agreement(pairs: &[Pair<'_>], seed: RunSeed) -> Agreement {
    let mut by_case: BTreeMap<&str, Counts> = BTreeMap::new();
    let mut confusion = Counts::default();
    for pair in pairs {
        let (row, column) = (usize::from(!pair.a), usize::from(!pair.b));
        by_case.entry(pair.case).or_default()[row][column] += 1;
        confusion[row][column] += 1;
    }
    let cases: Vec<Counts> = by_case.into_values().collect();
    let kappa = kappa(&confusion);
    let (kappa_ci95, why) = match (pairs.len(), kappa, cases.len()) {
        (0, ..) => (None, Some("no item that both determined".to_owned())),
        (_, None, _) => {
            let word = if confusion[0][0] > 0 { "yes" } else { "no" };
            let why = format!("kappa is undefined: both always say {word}");
            (None, Some(why))
        }
        (.., 1) => (None, Some("one case only: no interval".to_owned())),
        _ => match interval(&cases, seed) {
            Some(ci) => (Some(ci), None),
            None => (
                None,
                Some("kappa is undefined in too many resamples: no interval".to_owned()),
            ),
        },
    };
    Agreement {
        n: pairs.len(),
        cases: cases.len(),
        agreement: observed(&confusion),
        kappa,
        kappa_ci95,
        macro_f1: macro_f1(&confusion),
        confusion,
        why,
    }
}

fn interval(cases: &[Counts], seed: RunSeed) -> Option<[f64; 2]> {
    let mut stream = StreamKey::episode(seed, EpisodeIx(0), Purpose::Bootstrap).open();
    let mut kappas = Vec::with_capacity(RESAMPLES);
    for _ in 0..RESAMPLES {
        let mut sum = Counts::default();
        for _ in 0..cases.len() {
            // The high half of the product is uniform to one part in 2^32 / cases.
            let draw = u64::from(stream.random::<u32>()) * cases.len() as u64;
            let drawn = &cases[(draw >> 32) as usize];
            for (sum, count) in sum.as_flattened_mut().iter_mut().zip(drawn.as_flattened()) {
                *sum += count;
            }
        }
        kappas.extend(kappa(&sum));
    }
    if kappas.len() < RESAMPLES * 9 / 10 {
        return None;
    }
    kappas.sort_unstable_by(f64::total_cmp);
    let rank = (0.5 * (1.0 - LEVEL) * (kappas.len() + 1) as f64) as usize;
    let rank = rank.max(1);
    Some([kappas[rank - 1], kappas[kappas.len() - rank]])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of this confusion table, spread over ten cases.
    fn pairs(confusion: Counts) -> Vec<Pair<'static>> {
        const CASES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let mut out = Vec::new();
        for (row, counts) in confusion.iter().enumerate() {
            for (column, count) in counts.iter().enumerate() {
                out.extend((0..*count).map(|_| (row == 0, column == 0)));
            }
        }
        let cases = CASES.iter().cycle();
        out.into_iter()
            .zip(cases)
            .map(|((a, b), case)| Pair { case, a, b })
            .collect()
    }

    #[test]
    fn kappa_of_a_known_table() {
        // Observed 35 / 50 = 0.7; chance 0.5 * 0.6 + 0.5 * 0.4 = 0.5.
        let got = agreement(&pairs([[20, 5], [10, 15]]), RunSeed(1));
        assert_eq!((got.n, got.cases), (50, 10));
        assert!((got.agreement.unwrap() - 0.7).abs() < 1e-12);
        assert!((got.kappa.unwrap() - 0.4).abs() < 1e-12);
        // F1: yes 40 / 55, no 30 / 45.
        let f1 = (40.0 / 55.0 + 30.0 / 45.0) / 2.0;
        assert!((got.macro_f1.unwrap() - f1).abs() < 1e-12);
        let [low, high] = got.kappa_ci95.unwrap();
        assert!(low < 0.4 && 0.4 < high, "{low} {high}");
        assert_eq!(got.why, None);
    }

    #[test]
    fn perfect_opposite_and_chance() {
        let of = |table| agreement(&pairs(table), RunSeed(1)).kappa.unwrap();
        assert!((of([[10, 0], [0, 10]]) - 1.0).abs() < 1e-12);
        assert!((of([[0, 10], [10, 0]]) + 1.0).abs() < 1e-12);
        assert!(of([[12, 8], [3, 2]]).abs() < 1e-12);
        // One of them never says no: agreement is that of chance.
        assert!(of([[12, 8], [0, 0]]).abs() < 1e-12);
    }

    #[test]
    fn where_kappa_is_undefined_it_says_why() {
        let got = agreement(&pairs([[20, 0], [0, 0]]), RunSeed(1));
        assert_eq!((got.kappa, got.kappa_ci95), (None, None));
        assert_eq!((got.agreement, got.macro_f1), (Some(1.0), Some(1.0)));
        assert!(got.why.unwrap().contains("both always say yes"));
        let none = agreement(&[], RunSeed(1));
        assert_eq!((none.agreement, none.macro_f1), (None, None));
        assert!(none.why.unwrap().contains("no item"));
    }

    #[test]
    fn one_case_and_rare_words_have_no_interval() {
        let mut one = pairs([[4, 1], [1, 4]]);
        for pair in &mut one {
            pair.case = "a";
        }
        let got = agreement(&one, RunSeed(1));
        assert!(got.kappa.is_some() && got.kappa_ci95.is_none());
        assert!(got.why.unwrap().contains("one case"));
        // A single no in ten cases is missing in a third of the resamples.
        let rare = agreement(&pairs([[9, 0], [0, 1]]), RunSeed(1));
        assert_eq!((rare.kappa, rare.kappa_ci95), (Some(1.0), None));
        assert!(rare.why.unwrap().contains("resamples"));
    }

    #[test]
    fn the_order_of_items_does_not_matter() {
        let forward = pairs([[20, 5], [10, 15]]);
        let backward: Vec<Pair<'_>> = forward.iter().rev().cloned().collect();
        assert_eq!(
            agreement(&forward, RunSeed(3)),
            agreement(&backward, RunSeed(3))
        );
    }
}
