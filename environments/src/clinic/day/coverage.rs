//! The objective of a tick: probabilistic coverage of the beds.
//!
//! # Source
//! MA-OC card, section 1 (objective of sets of (agent, action) pairs); the form is that of
//! probabilistic detection with beds as targets [inferred].

use crate::coordination::{Class, Ground, GroundError, Objective, keep_clone};

/// `f(S) = Σ_b w_b (1 − Π_{(i,b) in S} (1 − q_ib))`: what the specialists at the beds are expected to
/// learn, each bed weighed by `w_b >= 0`, `q_ib` in [0, 1] the share that specialist `i` would
/// learn alone. Monotone and submodular.
///
/// # Shapes
/// weights: `[beds]`; shares: `[specialists][beds]`; a summary: for each bed the share that nobody
/// in the set has learnt. Action `b` of agent `i` is to stand at bed `b`.
#[derive(Debug, Clone, PartialEq)]
pub struct BedCoverage {
    ground: Ground,
    weights: Vec<f64>,
    shares: Vec<f64>,
}

impl BedCoverage {
    /// A coverage of weight 0 everywhere.
    ///
    /// # Errors
    /// [`GroundError`] when there is no specialist, no bed, or too many.
    pub fn new(specialists: usize, beds: usize) -> Result<Self, GroundError> {
        Ok(Self {
            ground: Ground::new(&vec![beds; specialists])?,
            weights: vec![0.0; beds],
            shares: vec![0.0; specialists * beds],
        })
    }

    /// Weighs a bed. What is no number of at least 0 counts as 0; a bed that does not exist is
    /// passed over.
    pub fn weigh(&mut self, bed: usize, weight: f64) {
        if let Some(slot) = self.weights.get_mut(bed) {
            *slot = if weight.is_finite() {
                weight.max(0.0)
            } else {
                0.0
            };
        }
    }

    /// Sets the share that a specialist would learn alone, held within 0 and 1.
    pub fn share(&mut self, specialist: usize, bed: usize, share: f64) {
        let beds = self.weights.len();
        if bed < beds
            && let Some(slot) = self.shares.get_mut(specialist * beds + bed)
        {
            *slot = if share.is_nan() {
                0.0
            } else {
                share.clamp(0.0, 1.0)
            };
        }
    }

    /// Weight of a bed.
    pub fn weight(&self, bed: usize) -> f64 {
        self.weights.get(bed).copied().unwrap_or(0.0)
    }
}

impl Objective for BedCoverage {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Submodular
    }

    fn summary_len(&self) -> usize {
        self.weights.len()
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.fill(1.0);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        summary[element % self.weights.len()] *= 1.0 - self.shares[element];
    }

    fn value(&self, summary: &[f64]) -> f64 {
        let beds = self.weights.iter().zip(summary);
        beds.map(|(weight, rest)| weight * (1.0 - rest)).sum()
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        let shares = &self.shares[self.ground.block(agent)];
        let beds = self.weights.iter().zip(summary).zip(shares);
        for (out, ((weight, rest), share)) in out.iter_mut().zip(beds) {
            *out = weight * rest * share;
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }

    fn min_marginals(&self, agent: usize, scratch: &mut [f64], out: &mut [f64]) {
        self.clear(scratch);
        for other in (0..self.ground.agents()).filter(|&other| other != agent) {
            let shares = &self.shares[self.ground.block(other)];
            for (rest, share) in scratch.iter_mut().zip(shares) {
                *rest *= 1.0 - share;
            }
        }
        // An agent has one element a bed, so its own others never meet this one.
        self.marginals(agent, scratch, out);
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::streams::{Purpose, RunSeed, StreamKey};

    fn example(seed: u64) -> BedCoverage {
        let key = StreamKey::episode(RunSeed(seed), crate::ids::EpisodeIx(0), Purpose::Custom);
        let mut stream = key.open();
        let mut coverage = BedCoverage::new(3, 2).unwrap();
        for bed in 0..2 {
            coverage.weigh(bed, stream.random::<f64>() * 3.0);
            for i in 0..3 {
                coverage.share(i, bed, stream.random());
            }
        }
        coverage
    }

    /// `f` from the formula.
    fn by_formula(coverage: &BedCoverage, set: u32) -> f64 {
        (0..2)
            .map(|bed| {
                let at = (0..3).filter(|i| set >> (i * 2 + bed) & 1 == 1);
                let rest: f64 = at.map(|i| 1.0 - coverage.shares[i * 2 + bed]).product();
                coverage.weights[bed] * (1.0 - rest)
            })
            .sum()
    }

    fn summary(coverage: &BedCoverage, set: u32) -> Vec<f64> {
        let mut summary = vec![0.0; 2];
        coverage.clear(&mut summary);
        for e in (0..6).filter(|e| set >> e & 1 == 1) {
            coverage.insert(e, &mut summary);
        }
        summary
    }

    #[test]
    fn it_is_the_formula_monotone_and_submodular_on_every_set() {
        for seed in 0..20 {
            let f = example(seed);
            let value = |set: u32| by_formula(&f, set);
            for set in 0..64_u32 {
                let here = summary(&f, set);
                assert!((f.value(&here) - value(set)).abs() < 1e-12);
                for e in (0..6).filter(|e| set >> e & 1 == 0) {
                    let gain = value(set | 1 << e) - value(set);
                    let mut out = [0.0; 2];
                    f.marginals(e / 2, &here, &mut out);
                    assert!((out[e % 2] - gain).abs() < 1e-12 && gain >= -1e-12);
                    for more in (0..6).filter(|&m| m != e) {
                        let more = set | 1 << more;
                        assert!(value(more | 1 << e) - value(more) <= gain + 1e-12);
                    }
                }
            }
        }
    }

    #[test]
    fn least_marginals_are_those_of_the_whole_set() {
        let f = example(5);
        let (mut scratch, mut out) = ([0.0; 2], [0.0; 2]);
        for agent in 0..3 {
            f.min_marginals(agent, &mut scratch, &mut out);
            for (bed, out) in out.iter().enumerate() {
                let e = agent * 2 + bed;
                let expected = by_formula(&f, 63) - by_formula(&f, 63 & !(1 << e));
                assert!((out - expected).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn what_is_no_number_counts_as_nothing() {
        let mut f = BedCoverage::new(1, 1).unwrap();
        f.weigh(0, f64::NAN);
        f.share(0, 0, f64::NAN);
        f.share(0, 9, 1.0);
        assert_eq!((f.weight(0), f.shares[0]), (0.0, 0.0));
        f.weigh(0, 2.0);
        f.share(0, 0, 7.0);
        assert_eq!((f.weight(0), f.shares[0]), (2.0, 1.0));
        assert!(BedCoverage::new(0, 3).is_err() && BedCoverage::new(2, 0).is_err());
    }
}
