//! Prediction with expert advice that tracks a moving best action: fixed-share forecasters at
//! several rates under one that weighs them.
//!
//! # Source
//! MA-OC card, section 7, OSG, steps 1 and 3.

/// A distribution over actions, learned from losses.
///
/// # Shapes
/// `J` forecasters over `kappa` actions.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecaster {
    /// Rate of each forecaster, `[J]`.
    rates: Vec<f64>,
    meta_rate: f64,
    share: f64,
    /// Weight of each forecaster, `[J]`.
    experts: Vec<f64>,
    /// Their distributions, `[J][kappa]`.
    weights: Vec<f64>,
    distribution: Vec<f64>,
    /// Loss of each forecaster in the present round, `[J]`.
    suffered: Vec<f64>,
    /// Losses as one forecaster sees them, `[kappa]`.
    seen: Vec<f64>,
}

impl Forecaster {
    /// Forecasters with `rates` over `actions` actions, all weights uniform.
    pub fn new(actions: usize, rates: Vec<f64>, meta_rate: f64, share: f64) -> Self {
        let count = rates.len();
        let mut new = Self {
            meta_rate,
            share,
            experts: vec![1.0 / count as f64; count],
            weights: vec![1.0 / actions as f64; count * actions],
            distribution: vec![0.0; actions],
            suffered: vec![0.0; count],
            seen: vec![0.0; actions],
            rates,
        };
        new.combine();
        new
    }

    /// The forecaster of OSG for `horizon` rounds: `J = ceil(log2 T)` where `experts` is not given,
    /// rates `sqrt(ln(kappa T) / 2^(j-1))`, meta rate `sqrt(ln(J) / T)` and share `1/T`.
    pub fn osg(actions: usize, horizon: u32, experts: Option<u32>) -> Self {
        let rounds = f64::from(horizon);
        let count = experts.unwrap_or_else(|| horizon.next_power_of_two().trailing_zeros());
        let count = count.max(1);
        let spread = libm::log(actions as f64 * rounds);
        let meta_rate = (libm::log(f64::from(count)) / rounds).sqrt();
        Self::new(actions, rates(count, spread), meta_rate, 1.0 / rounds)
    }

    /// The forecaster of bandit OSG: `J = ceil(ln T)` where `experts` is not given, rates
    /// `C sqrt(ln(kappa T) / (2^(j-1) kappa))`, meta rate `C sqrt(ln(J) / (2 T))` and share
    /// `1/(T-1)`, with `C` the `rate`.
    pub fn bandit(actions: usize, horizon: u32, experts: Option<u32>, rate: f64) -> Self {
        let rounds = f64::from(horizon);
        let count = experts.unwrap_or_else(|| libm::ceil(libm::log(rounds)) as u32);
        let count = count.max(1);
        let kappa = actions as f64;
        let spread = rate * rate * libm::log(kappa * rounds) / kappa;
        let meta_rate = rate * (libm::log(f64::from(count)) / (2.0 * rounds)).sqrt();
        let share = 1.0 / (rounds - 1.0).max(1.0);
        Self::new(actions, rates(count, spread), meta_rate, share)
    }

    /// The distribution to draw the next action from.
    pub fn distribution(&self) -> &[f64] {
        &self.distribution
    }

    /// Learns from the losses of all actions.
    ///
    /// # Shapes
    /// `losses`: `[kappa]`.
    pub fn learn(&mut self, losses: &[f64]) {
        self.seen.copy_from_slice(losses);
        for j in 0..self.rates.len() {
            self.update(j);
        }
        self.reweigh();
    }

    /// Learns from the loss, in [0, 1], of the action that was played: each forecaster sees it over
    /// the action's probability plus half its own rate, and 0 elsewhere.
    pub fn learn_played(&mut self, action: u32, loss: f64) {
        let action = action as usize;
        self.seen.fill(0.0);
        for j in 0..self.rates.len() {
            let p = self.distribution[action] + self.rates[j] / 2.0;
            self.seen[action] = if p > 0.0 { loss / p } else { 0.0 };
            self.update(j);
        }
        self.reweigh();
    }

    /// Updates the distribution of forecaster `j` and notes what it suffered.
    fn update(&mut self, j: usize) {
        let kappa = self.seen.len();
        let weights = &mut self.weights[j * kappa..(j + 1) * kappa];
        // Weights are normalised after, so that losses count relative to the least; then no
        // exponential overflows.
        let least = self.seen.iter().copied().fold(f64::INFINITY, f64::min);
        let mut suffered = 0.0;
        let mut sum = 0.0;
        for (w, loss) in weights.iter_mut().zip(&self.seen) {
            suffered += *w * loss;
            *w *= libm::exp(-self.rates[j] * (loss - least));
            sum += *w;
        }
        self.suffered[j] = suffered;
        let uniform = self.share * sum / kappa as f64;
        let mut total = 0.0;
        for w in weights.iter_mut() {
            *w = uniform + (1.0 - self.share) * *w;
            total += *w;
        }
        for w in weights {
            *w /= total;
        }
    }

    /// Updates the weights of the forecasters and mixes their distributions.
    fn reweigh(&mut self) {
        let counting = self.experts.iter().zip(&self.suffered);
        let least = counting
            .filter(|(q, _)| **q > 0.0)
            .map(|(_, loss)| *loss)
            .fold(f64::INFINITY, f64::min);
        let mut sum = 0.0;
        for (q, loss) in self.experts.iter_mut().zip(&self.suffered) {
            if *q > 0.0 {
                *q *= libm::exp(-self.meta_rate * (loss - least));
                sum += *q;
            }
        }
        for q in &mut self.experts {
            *q /= sum;
        }
        self.combine();
    }

    fn combine(&mut self) {
        let kappa = self.distribution.len();
        self.distribution.fill(0.0);
        for (q, weights) in self.experts.iter().zip(self.weights.chunks_exact(kappa)) {
            for (p, w) in self.distribution.iter_mut().zip(weights) {
                *p += q * w;
            }
        }
    }
}

/// `sqrt(spread / 2^(j-1))` for `j` from 1.
fn rates(count: u32, spread: f64) -> Vec<f64> {
    (0..count)
        .map(|j| (spread / libm::exp2(f64::from(j))).sqrt())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_number_of_forecasters_grows_with_the_logarithm_of_the_horizon() {
        for (horizon, count) in [(1, 1), (2, 1), (3, 2), (64, 6), (65, 7), (1250, 11)] {
            assert_eq!(Forecaster::osg(3, horizon, None).rates.len(), count);
        }
        assert_eq!(Forecaster::bandit(3, 1000, None, 1.0).rates.len(), 7);
        assert_eq!(Forecaster::osg(3, 64, Some(2)).rates.len(), 2);
    }

    #[test]
    fn a_played_action_without_loss_gains_on_the_others_only_by_theirs() {
        let mut forecaster = Forecaster::bandit(2, 100, None, 1.0);
        forecaster.learn_played(0, 0.0);
        assert!((forecaster.distribution()[0] - 0.5).abs() < 1e-12);
        forecaster.learn_played(0, 1.0);
        assert!(forecaster.distribution()[0] < 0.4);
    }

    proptest! {
        #[test]
        fn every_action_keeps_a_share(
            losses in prop::collection::vec(prop::collection::vec(-1.0..0.0f64, 4), 1..40),
            scale in prop::sample::select(vec![1.0, 1e9]),
        ) {
            const HORIZON: u32 = 50;
            let mut forecaster = Forecaster::osg(4, HORIZON, None);
            for row in &losses {
                let row: Vec<f64> = row.iter().map(|x| x * scale).collect();
                forecaster.learn(&row);
                let p = forecaster.distribution();
                prop_assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);
                let least = 1.0 / f64::from(HORIZON) / 4.0;
                prop_assert!(p.iter().all(|&p| p >= least * (1.0 - 1e-9)), "{p:?}");
            }
        }
    }
}
