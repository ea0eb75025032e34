//! Draws tokens.

use super::cut::Room;
use super::draw::DrawKey;
use super::error::SampleError;
use super::mask::TokenMask;
use super::seen::Seen;
use super::settings::Sampling;
use super::sums::{BLOCK, exponentials, maximum, sum_exp};

/// What one token is drawn from.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// Logits of the model, `[vocab]`.
    pub logits: &'a [f32],
    /// How to draw; valid for this vocabulary.
    pub sampling: &'a Sampling,
    /// Tokens so far, for the penalties.
    pub seen: &'a Seen,
    /// The tokens that may be drawn; `None` for all.
    pub allowed: Option<&'a TokenMask>,
    /// Key of the reply.
    pub key: DrawKey,
    /// Number of the token in the reply, from 0.
    pub index: u64,
}

/// A token that was drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampled {
    /// The token.
    pub token: u32,
    /// Natural logarithm of its probability in the model's own distribution, before mask,
    /// penalties, temperature and cuts.
    pub logprob: f64,
}

/// Draws tokens, with room for its work that is kept between draws. One serves any number of
/// requests in turn.
///
/// # Determinism
/// A token depends on the [`Step`] only. No result depends on the processor.
///
/// # Examples
/// ```
/// use rounds_models::local::text::{DrawKey, Sampler, Sampling, Seen, Step};
///
/// let step = Step {
///     logits: &[0.0, 2.0, 1.0],
///     sampling: &Sampling::greedy(),
///     seen: &Seen::default(),
///     allowed: None,
///     key: DrawKey { seed: 1, request: 2 },
///     index: 0,
/// };
/// assert_eq!(Sampler::default().sample(&step)?.token, 1);
/// # Ok::<(), rounds_models::local::text::SampleError>(())
/// ```
#[derive(Debug, Default)]
pub struct Sampler {
    logits: Vec<f32>,
    room: Room,
}

impl Sampler {
    /// Draws the next token.
    ///
    /// # Errors
    /// [`SampleError`] when a logit is not finite (minus infinity may be), or no token is left.
    pub fn sample(&mut self, step: &Step<'_>) -> Result<Sampled, SampleError> {
        let raw = step.logits;
        let raw_max = finite_maximum(raw)?;
        let sampling = step.sampling;
        let altered =
            step.allowed.is_some() || sampling.has_penalties() || !sampling.logit_bias.is_empty();
        let (logits, max) = if altered {
            self.logits.clear();
            self.logits.extend_from_slice(raw);
            sampling.add_bias(&mut self.logits);
            if let Some(mask) = step.allowed {
                mask.apply(&mut self.logits);
            }
            sampling.penalise(step.seen, &mut self.logits);
            let max = match finite_maximum(&self.logits) {
                Err(SampleError::NoMass { .. }) => Err(SampleError::NothingAllowed),
                max => max,
            }?;
            (&*self.logits, max)
        } else {
            (raw, raw_max)
        };
        let token = if sampling.is_greedy() {
            // The lowest id among equals.
            logits.iter().position(|logit| *logit == max)
        } else {
            draw(&mut self.room, logits, max, step)
        };
        let token = token.ok_or(SampleError::NothingAllowed)?;
        Ok(Sampled {
            token: token as u32,
            logprob: logprob(raw, raw_max, token),
        })
    }
}

/// Draws from `logits`, whose greatest is `max`.
fn draw(room: &mut Room, logits: &[f32], max: f32, step: &Step<'_>) -> Option<usize> {
    let sampling = step.sampling;
    let scale = (1.0 / sampling.temperature) as f32;
    let unit = step.key.unit(step.index);
    if sampling.top_k > 0 || sampling.top_p < 1.0 || sampling.min_p > 0.0 {
        let candidates = room.candidates(logits, max, scale, sampling);
        let total: f64 = candidates.iter().map(|c| f64::from(c.weight)).sum();
        let weights = candidates.iter().map(|c| c.weight);
        let at = pick(weights, unit * total)?;
        return Some(candidates[at].id as usize);
    }
    let Room { weights, sums, .. } = room;
    weights.resize(logits.len(), 0.0);
    exponentials(logits, max, scale, weights, sums);
    let mut target = unit * sums.iter().sum::<f64>();
    let mut last = 0;
    for (block, sum) in sums.iter().enumerate() {
        if *sum > 0.0 {
            last = block;
            if target < *sum {
                break;
            }
            target -= sum;
        }
    }
    let start = last * BLOCK;
    let end = weights.len().min(start + BLOCK);
    pick(weights[start..end].iter().copied(), target).map(|at| start + at)
}

/// The place where the running sum of `weights` passes `target`, or the last weight above 0
/// where rounding lets it pass none.
fn pick(weights: impl Iterator<Item = f32>, target: f64) -> Option<usize> {
    let mut sum = 0.0;
    let mut last = None;
    for (at, weight) in weights.enumerate() {
        if weight > 0.0 {
            sum += f64::from(weight);
            last = Some(at);
            if target < sum {
                break;
            }
        }
    }
    last
}

/// Natural logarithm of the probability of `token` under the softmax of `logits`, whose greatest
/// is `max`.
fn logprob(logits: &[f32], max: f32, token: usize) -> f64 {
    f64::from(logits[token]) - f64::from(max) - libm::log(sum_exp(logits, max))
}

fn finite_maximum(logits: &[f32]) -> Result<f32, SampleError> {
    let (max, bad) = maximum(logits);
    if bad || max == f32::INFINITY {
        let token = logits
            .iter()
            .position(|logit| logit.is_nan() || *logit == f32::INFINITY);
        return Err(SampleError::NotFinite {
            token: token.unwrap_or_default(),
        });
    }
    if max == f32::NEG_INFINITY {
        return Err(SampleError::NoMass {
            vocab: logits.len(),
        });
    }
    Ok(max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(logits: &[f32], sampling: &Sampling, mask: Option<&TokenMask>, index: u64) -> Sampled {
        let step = Step {
            logits,
            sampling,
            seen: &Seen::default(),
            allowed: mask,
            key: DrawKey {
                seed: 11,
                request: 22,
            },
            index,
        };
        Sampler::default().sample(&step).unwrap()
    }

    /// Pearson's statistic of 100 000 draws against `want`.
    fn chi_square(
        logits: &[f32],
        sampling: &Sampling,
        mask: Option<&TokenMask>,
        want: &[f64],
    ) -> f64 {
        let draws = 100_000;
        let mut counts = vec![0_u32; logits.len()];
        for index in 0..draws {
            counts[draw(logits, sampling, mask, index).token as usize] += 1;
        }
        want.iter()
            .zip(counts)
            .map(|(p, count)| {
                if *p == 0.0 {
                    assert_eq!(count, 0);
                    return 0.0;
                }
                let expected = p * draws as f64;
                (f64::from(count) - expected).powi(2) / expected
            })
            .sum()
    }

    fn softmax(logits: &[f32], temperature: f64) -> Vec<f64> {
        let weights: Vec<f64> = logits
            .iter()
            .map(|logit| (f64::from(*logit) / temperature).exp())
            .collect();
        let total: f64 = weights.iter().sum();
        weights.iter().map(|weight| weight / total).collect()
    }

    fn wave(n: usize) -> Vec<f32> {
        (0..n).map(|i| (i as f32 * 0.7).sin() * 2.0).collect()
    }

    // The 0.9999 quantile of chi-square with 299 degrees of freedom is 396, with 9 it is 33.7.
    #[test]
    fn draws_follow_the_softmax() {
        let logits = wave(300);
        for temperature in [1.0, 0.5, 3.0] {
            let sampling = Sampling {
                temperature,
                ..Sampling::default()
            };
            let want = softmax(&logits, temperature);
            let statistic = chi_square(&logits, &sampling, None, &want);
            assert!(statistic < 396.0, "{temperature}: {statistic}");
        }
    }

    #[test]
    fn cuts_and_masks_are_normalised_again() {
        let logits = wave(300);
        let mut order: Vec<usize> = (0..300).collect();
        order.sort_by(|a, b| logits[*b].total_cmp(&logits[*a]));
        let mut mask = TokenMask::none(290);
        let mut want = softmax(&logits, 1.0);
        let mut total = 0.0;
        for (place, id) in order.iter().enumerate() {
            if place < 10 {
                mask.allow(*id as u32);
                total += want[*id];
            } else {
                want[*id] = 0.0;
            }
        }
        want.iter_mut().for_each(|p| *p /= total);
        let top = Sampling {
            top_k: 10,
            ..Sampling::default()
        };
        assert!(order[..10].iter().all(|id| *id < 290));
        for (sampling, mask) in [(&top, None), (&Sampling::default(), Some(&mask))] {
            let statistic = chi_square(&logits, sampling, mask, &want);
            assert!(statistic < 33.7, "{statistic}");
        }
    }

    #[test]
    fn no_temperature_takes_the_lowest_of_the_greatest() {
        let mut logits = wave(100);
        logits[40] = 5.0;
        logits[60] = 5.0;
        assert_eq!(draw(&logits, &Sampling::greedy(), None, 3).token, 40);
        let mut mask = TokenMask::none(100);
        mask.allow(60);
        mask.allow(61);
        let drawn = draw(&logits, &Sampling::greedy(), Some(&mask), 3);
        assert_eq!(drawn.token, 60);
        let want = softmax(&logits, 1.0)[60].ln();
        assert!((drawn.logprob - want).abs() < 1e-6);
        let biased = Sampling {
            logit_bias: vec![(40, f32::NEG_INFINITY), (7, 9.0)],
            ..Sampling::greedy()
        };
        assert_eq!(draw(&logits, &biased, None, 3).token, 7);
    }

    #[test]
    fn a_small_temperature_is_the_likeliest_token_too() {
        let logits = wave(1000);
        let greedy = draw(&logits, &Sampling::greedy(), None, 0).token;
        for temperature in [1e-3, 1e-5, 1e-6, 1e-9] {
            let sampling = Sampling {
                temperature,
                ..Sampling::default()
            };
            assert!(
                (logits[draw(&logits, &sampling, None, 9).token as usize]
                    - logits[greedy as usize])
                    .abs()
                    < 1e-2
            );
        }
    }

    #[test]
    fn draws_depend_on_seed_request_and_index_only() {
        let logits = wave(5000);
        let sampling = Sampling::default();
        let mut sampler = Sampler::default();
        let mut all = Vec::new();
        for (seed, request, index) in [(1, 2, 0), (1, 2, 1), (1, 3, 0), (2, 2, 0)] {
            let step = Step {
                logits: &logits,
                sampling: &sampling,
                seen: &Seen::default(),
                allowed: None,
                key: DrawKey { seed, request },
                index,
            };
            let sampled = sampler.sample(&step).unwrap();
            assert_eq!(Sampler::default().sample(&step).unwrap(), sampled);
            all.push(sampled.token);
        }
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn logits_without_a_token_are_errors() {
        let sample = |logits: &[f32], mask: Option<&TokenMask>| {
            Sampler::default().sample(&Step {
                logits,
                sampling: &Sampling::default(),
                seen: &Seen::default(),
                allowed: mask,
                key: DrawKey {
                    seed: 0,
                    request: 0,
                },
                index: 0,
            })
        };
        let none = f32::NEG_INFINITY;
        assert_eq!(
            sample(&[0.0, f32::NAN], None),
            Err(SampleError::NotFinite { token: 1 })
        );
        assert_eq!(
            sample(&[f32::INFINITY, 0.0], None),
            Err(SampleError::NotFinite { token: 0 })
        );
        assert_eq!(
            sample(&[none, none], None),
            Err(SampleError::NoMass { vocab: 2 })
        );
        assert_eq!(sample(&[], None), Err(SampleError::NoMass { vocab: 0 }));
        let mask = TokenMask::none(2);
        assert_eq!(
            sample(&[0.0, 1.0], Some(&mask)),
            Err(SampleError::NothingAllowed)
        );
        assert_eq!(sample(&[none, 1.0], None).unwrap().token, 1);
    }
}
