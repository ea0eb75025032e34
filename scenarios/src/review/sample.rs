//! Which visits are reviewed: a random sample, in strata by case.
//!
//! Each pass over the cases, in random order, takes one further visit of each; the visits of a
//! case come in random order with its arms in turn. So every case is seen before any is seen
//! twice, every visit of a case (of an arm) is as likely as another, and the same seed gives the
//! same visits.

use std::collections::BTreeMap;

use rand::RngExt;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use super::evaluation::ReviewedVisit;

/// The stream of the sample and of the order of the sheet. No agent of an episode has its number.
pub(super) fn stream(seed: RunSeed, part: u32) -> Stream {
    let (episode, agent) = (EpisodeIx(part), AgentId(u32::MAX));
    StreamKey::agent(seed, episode, agent, RoundIx(0), Purpose::Custom).open()
}

/// Brings `items` into random order (Fisher and Yates).
pub(super) fn shuffle<T>(items: &mut [T], stream: &mut Stream) {
    for last in (1..items.len()).rev() {
        // The high half of the product is uniform to one part in 2^32 / items.
        let draw = u64::from(stream.random::<u32>()) * (last as u64 + 1);
        items.swap(last, (draw >> 32) as usize);
    }
}

/// Indices of at most `most` of the visits of `among`, in random order.
///
/// # Determinism
/// Draws from streams of `seed` of their own; the result depends on the visits and their order.
pub fn sample(visits: &[ReviewedVisit], among: &[usize], most: usize, seed: RunSeed) -> Vec<usize> {
    let mut stream = stream(seed, 0);
    let mut cases: BTreeMap<&str, BTreeMap<&str, Vec<usize>>> = BTreeMap::new();
    for &at in among {
        let visit = &visits[at];
        let arms = cases.entry(&visit.case).or_default();
        arms.entry(&visit.arm).or_default().push(at);
    }
    let mut strata: Vec<Vec<usize>> = Vec::new();
    for arms in cases.into_values() {
        let mut arms: Vec<Vec<usize>> = arms.into_values().collect();
        for arm in &mut arms {
            shuffle(arm, &mut stream);
        }
        let longest = arms.iter().map(Vec::len).max().unwrap_or(0);
        let mut stratum = Vec::new();
        for turn in 0..longest {
            let mut row: Vec<usize> = arms
                .iter()
                .filter_map(|arm| arm.get(turn).copied())
                .collect();
            shuffle(&mut row, &mut stream);
            stratum.extend(row);
        }
        strata.push(stratum);
    }
    let longest = strata.iter().map(Vec::len).max().unwrap_or(0);
    let mut taken = Vec::new();
    for turn in 0..longest {
        let mut row: Vec<usize> = strata.iter().filter_map(|s| s.get(turn).copied()).collect();
        shuffle(&mut row, &mut stream);
        taken.extend(row);
    }
    taken.truncate(most);
    shuffle(&mut taken, &mut stream);
    taken
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::clinic::cases::CaseResult;

    fn visits() -> Vec<ReviewedVisit> {
        (0..24_u32)
            .map(|k| ReviewedVisit {
                arm: ["a", "b"][(k % 2) as usize].to_owned(),
                seed: 1,
                episode: k,
                case: format!("case-{}", k / 2 % 4),
                turns: Vec::new(),
                result: CaseResult {
                    checks: Vec::new(),
                    score: crate::clinic::cases::rubric_score(&[]),
                    passed: None,
                    critical: false,
                },
                finished: true,
            })
            .collect()
    }

    #[test]
    fn every_case_is_seen_before_one_is_seen_twice_and_arms_take_turns() {
        let visits = visits();
        let all: Vec<usize> = (0..visits.len()).collect();
        for seed in 0..20 {
            let four = sample(&visits, &all, 4, RunSeed(seed));
            let cases: BTreeSet<&str> = four.iter().map(|&at| visits[at].case.as_str()).collect();
            assert_eq!(cases.len(), 4, "seed {seed}");
            let eight = sample(&visits, &all, 8, RunSeed(seed));
            let pairs: BTreeSet<(&str, &str)> = eight
                .iter()
                .map(|&at| (visits[at].case.as_str(), visits[at].arm.as_str()))
                .collect();
            assert_eq!(pairs.len(), 8, "seed {seed}");
        }
    }

    #[test]
    fn the_seed_decides_and_no_visit_comes_twice() {
        let visits = visits();
        let all: Vec<usize> = (0..visits.len()).collect();
        let first = sample(&visits, &all, 100, RunSeed(1));
        assert_eq!(first, sample(&visits, &all, 100, RunSeed(1)));
        assert_ne!(first, sample(&visits, &all, 100, RunSeed(2)));
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, all);
    }
}
