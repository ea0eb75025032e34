//! Where the likeliest tokens end: top-k, top-p and min-p without sorting all tokens.

use super::settings::Sampling;
use super::sums::{block_maxima, exp, exponentials};

/// Tokens of one block of maxima.
const BLOCK: usize = 64;

/// The least likely token that is kept: those with a greater logit stay, and of those with the
/// same logit the ids up to `id`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    logit: f32,
    id: u32,
}

impl Cut {
    /// Everything stays that has any probability.
    const ALL: Self = Self {
        logit: f32::MIN,
        id: u32::MAX,
    };

    fn keeps(self, logit: f32, id: u32) -> bool {
        logit > self.logit || (logit == self.logit && id <= self.id)
    }

    /// The stricter one of two cuts.
    fn and(self, other: Self) -> Self {
        if self.logit > other.logit || (self.logit == other.logit && self.id < other.id) {
            self
        } else {
            other
        }
    }
}

/// A token that may be drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) id: u32,
    logit: f32,
    /// Probability, not normalised.
    pub(super) weight: f32,
}

/// Room for the work of one draw, kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Room {
    maxima: Vec<f32>,
    sorted: Vec<f32>,
    pub(super) weights: Vec<f32>,
    pub(super) sums: Vec<f64>,
    candidates: Vec<Candidate>,
}

impl Room {
    /// The tokens that top-k, top-p and min-p leave, in the order of ids, with weights.
    ///
    /// `max` is the greatest of `logits`, `scale` one over the temperature.
    pub(super) fn candidates(
        &mut self,
        logits: &[f32],
        max: f32,
        scale: f32,
        sampling: &Sampling,
    ) -> &[Candidate] {
        block_maxima(logits, BLOCK, &mut self.maxima);
        let mut cut = Cut::ALL;
        if sampling.top_k > 0 && sampling.top_k < logits.len() {
            cut = self.top_k(logits, sampling.top_k);
        }
        if sampling.top_p < 1.0 {
            cut = self.top_p(logits, max, scale, cut, sampling.top_p);
        }
        if sampling.min_p > 0.0 {
            let logit = max + (libm::log(sampling.min_p) / f64::from(scale)) as f32;
            cut = cut.and(Cut {
                logit,
                id: u32::MAX,
            });
        }
        self.gather(logits, cut, |logit, _| exp((logit - max) * scale));
        &self.candidates
    }

    /// The tokens above `cut`, in the order of ids.
    fn gather(&mut self, logits: &[f32], cut: Cut, weight: impl Fn(f32, usize) -> f32) {
        self.candidates.clear();
        for (block, greatest) in self.maxima.iter().enumerate() {
            if *greatest < cut.logit {
                continue;
            }
            let start = block * BLOCK;
            let end = logits.len().min(start + BLOCK);
            for (logit, id) in logits[start..end].iter().zip(start as u32..) {
                if cut.keeps(*logit, id) {
                    self.candidates.push(Candidate {
                        id,
                        logit: *logit,
                        weight: weight(*logit, id as usize),
                    });
                }
            }
        }
    }

    fn gathered(&self) -> f64 {
        self.candidates.iter().map(|c| f64::from(c.weight)).sum()
    }

    /// The cut below the `k` likeliest tokens, which keeps those as likely as the last.
    fn top_k(&mut self, logits: &[f32], k: usize) -> Cut {
        self.sorted.clear();
        if k <= self.maxima.len() {
            // At least k tokens are as likely as the k-th greatest maximum of a block.
            self.sorted.extend_from_slice(&self.maxima);
            let least = kth(&mut self.sorted, k);
            self.sorted.clear();
            for (block, greatest) in logits.chunks(BLOCK).zip(&self.maxima) {
                if *greatest >= least {
                    self.sorted
                        .extend(block.iter().filter(|logit| **logit >= least));
                }
            }
        } else {
            self.sorted.extend_from_slice(logits);
        }
        Cut {
            logit: kth(&mut self.sorted, k),
            id: u32::MAX,
        }
        .and(Cut::ALL)
    }

    /// The cut below the fewest likeliest tokens that hold the share `p` of what `cut` keeps.
    fn top_p(&mut self, logits: &[f32], max: f32, scale: f32, cut: Cut, p: f64) -> Cut {
        let total: f64 = if cut == Cut::ALL {
            let mut weights = std::mem::take(&mut self.weights);
            weights.resize(logits.len(), 0.0);
            exponentials(logits, max, scale, &mut weights, &mut self.sums);
            let total = self.sums.iter().sum();
            // Most often the share lies in tokens of at least 1e-4. All tokens with less than the
            // second weight hold less than 1 - p together.
            for least in [1e-4, (1.0 - p) / logits.len() as f64] {
                let logit = max + (libm::log(least * total) / f64::from(scale)) as f32;
                // One step down makes up for the rounding of the logarithm.
                let logit = logit - 1e-4 * logit.abs().max(1.0);
                let cut = Cut {
                    logit,
                    id: u32::MAX,
                };
                self.gather(logits, cut.and(Cut::ALL), |_, id| weights[id]);
                if self.gathered() >= p * total {
                    break;
                }
            }
            self.weights = weights;
            total
        } else {
            self.gather(logits, cut, |logit, _| exp((logit - max) * scale));
            self.gathered()
        };
        let order = |a: &Candidate, b: &Candidate| {
            b.logit.total_cmp(&a.logit).then_with(|| a.id.cmp(&b.id))
        };
        // Halve the part that holds the end of the share until it is short enough to sort.
        let (mut from, mut to) = (0, self.candidates.len());
        let mut before = 0.0;
        while to - from > 32 {
            let middle = (to - from) / 2;
            let part = &mut self.candidates[from..to];
            part.select_nth_unstable_by(middle, order);
            let upper: f64 = part[..middle].iter().map(|c| f64::from(c.weight)).sum();
            if before + upper >= p * total {
                to = from + middle;
            } else {
                before += upper;
                from += middle;
            }
        }
        let part = &mut self.candidates[from..to];
        part.sort_unstable_by(order);
        let mut last = cut;
        for candidate in part {
            last = Cut {
                logit: candidate.logit,
                id: candidate.id,
            };
            before += f64::from(candidate.weight);
            if before >= p * total {
                break;
            }
        }
        last
    }
}

/// The `k`-th greatest value, 1 being the greatest.
fn kth(values: &mut [f32], k: usize) -> f32 {
    let at = k.min(values.len()) - 1;
    *values.select_nth_unstable_by(at, |a, b| b.total_cmp(a)).1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::sums::maximum;
    use super::*;

    /// The same by sorting everything, step by step as Hugging Face's warpers do.
    fn plain(logits: &[f32], scale: f32, sampling: &Sampling) -> Vec<u32> {
        let mut kept: Vec<(f32, u32)> = logits
            .iter()
            .copied()
            .zip(0..)
            .filter(|(logit, _)| *logit > f32::NEG_INFINITY)
            .collect();
        kept.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let max = kept[0].0;
        let weight = |logit: f32| f64::from(exp((logit - max) * scale));
        if sampling.top_k > 0 && sampling.top_k < kept.len() {
            let last = kept[sampling.top_k - 1].0;
            kept.retain(|(logit, _)| *logit >= last);
        }
        if sampling.top_p < 1.0 {
            let total: f64 = kept.iter().map(|(logit, _)| weight(*logit)).sum();
            let mut before = 0.0;
            kept.retain(|(logit, _)| {
                let keep = before < sampling.top_p * total;
                before += weight(*logit);
                keep
            });
        }
        if sampling.min_p > 0.0 {
            kept.retain(|(logit, _)| {
                f64::from((logit - max) * scale) >= sampling.min_p.ln() - 1e-9
            });
        }
        let mut ids: Vec<u32> = kept.into_iter().map(|(_, id)| id).collect();
        ids.sort_unstable();
        ids
    }

    fn fast(logits: &[f32], scale: f32, sampling: &Sampling) -> Vec<u32> {
        let (max, _) = maximum(logits);
        let mut room = Room::default();
        let kept = room.candidates(logits, max, scale, sampling);
        kept.iter().map(|candidate| candidate.id).collect()
    }

    proptest! {
        // Logits in steps of 1/8, so that many are equal; scale 1 keeps the comparisons exact.
        #[test]
        fn cuts_are_those_of_a_full_sort(
            steps in prop::collection::vec(-80..40_i32, 1..700),
            top_k in 0..120_usize,
            top_p in prop_oneof![Just(1.0), 0.05..0.999_f64],
            min_p in prop_oneof![Just(0.0), 0.001..0.9_f64],
        ) {
            let logits: Vec<f32> = steps
                .iter()
                .map(|step| if *step == -80 { f32::NEG_INFINITY } else { *step as f32 / 8.0 })
                .collect();
            prop_assume!(logits.iter().any(|logit| logit.is_finite()));
            let sampling = Sampling { top_k, top_p, min_p, ..Sampling::default() };
            prop_assert_eq!(fast(&logits, 1.0, &sampling), plain(&logits, 1.0, &sampling));
        }
    }

    #[test]
    fn top_p_keeps_the_token_that_crosses_the_share() {
        let logits: Vec<f32> = [0.1_f32, 0.5, 0.15, 0.25].iter().map(|p| p.ln()).collect();
        let with = |top_p| Sampling {
            top_p,
            ..Sampling::default()
        };
        assert_eq!(fast(&logits, 1.0, &with(0.01)), [1]);
        assert_eq!(fast(&logits, 1.0, &with(0.49)), [1]);
        assert_eq!(fast(&logits, 1.0, &with(0.7)), [1, 3]);
        assert_eq!(fast(&logits, 1.0, &with(0.8)), [1, 2, 3]);
        assert_eq!(fast(&logits, 1.0, &with(0.95)), [0, 1, 2, 3]);
    }

    #[test]
    fn min_p_is_a_share_of_the_likeliest_after_the_temperature() {
        let logits: Vec<f32> = [0.5_f32, 0.24, 0.26].iter().map(|p| p.ln()).collect();
        let sampling = Sampling {
            min_p: 0.5,
            ..Sampling::default()
        };
        assert_eq!(fast(&logits, 1.0, &sampling), [0, 2]);
        assert_eq!(fast(&logits, 0.5, &sampling), [0, 1, 2]);
        assert_eq!(fast(&logits, 4.0, &sampling), [0]);
    }
}
