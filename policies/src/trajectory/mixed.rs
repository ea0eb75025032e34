//! A controller that is disturbed.

use std::sync::Arc;

use rand::RngExt;
use rounds_environments::control::{Actions, Space};
use rounds_environments::streams::{Purpose, StreamKey, normal_pair};

use super::controller::{Controller, check_actions, check_drawn, draw};
use super::error::{CollectError, check, check_within};

/// Acts as another controller does, but at chance in a share of the steps, and with noise otherwise.
///
/// What it draws comes from the stream of purpose [`Noise`](Purpose::Noise) of a row's key, so that the other
/// controller has its own draws for itself.
#[derive(Debug, Clone)]
pub struct Mixed {
    inner: Arc<dyn Controller>,
    actions: Actions,
    random: f64,
    noise: f64,
}

impl Mixed {
    /// `inner` with a share `random` of actions drawn evenly; to all others noise of the deviation
    /// `noise`, in the environment's units, is added, and they are cut to the bounds.
    ///
    /// # Errors
    /// [`CollectError::Setting`] for a share outside 0 to 1, a negative noise, or noise on choices.
    pub fn new(
        inner: Arc<dyn Controller>,
        actions: Actions,
        random: f64,
        noise: f64,
    ) -> Result<Self, CollectError> {
        check_drawn(&actions)?;
        check_within("random", random, 0.0, 1.0)?;
        let choices = matches!(actions, Actions::Discrete { .. });
        let most = if choices { 0.0 } else { f64::MAX };
        let expected = match choices {
            true => "0 among choices",
            false => "a number of at least 0",
        };
        check("noise", (0.0..=most).contains(&noise), expected, noise)?;
        Ok(Self {
            inner,
            actions,
            random,
            noise,
        })
    }
}

impl Controller for Mixed {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        check_actions("mixed", space, &self.actions)?;
        self.inner.fits(space)
    }

    fn act(&self, observations: &[f32], keys: &[StreamKey], actions: &mut [f64]) {
        self.inner.act(observations, keys, actions);
        let rows = actions.chunks_exact_mut(self.actions.size());
        for (key, row) in keys.iter().zip(rows) {
            let purpose = Purpose::Noise;
            let mut stream = StreamKey { purpose, ..*key }.open();
            if stream.random::<f64>() < self.random {
                draw(&self.actions, &mut stream, row);
                continue;
            }
            let Actions::Continuous { low, high } = &self.actions else {
                continue;
            };
            if self.noise > 0.0 {
                for pair in row.chunks_mut(2) {
                    for (number, normal) in pair.iter_mut().zip(normal_pair(&mut stream)) {
                        *number += self.noise * normal;
                    }
                }
            }
            for ((number, low), high) in row.iter_mut().zip(low).zip(high) {
                *number = number.clamp(*low, *high);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
    use rounds_environments::streams::RunSeed;

    /// Always does the same.
    #[derive(Debug)]
    struct Same(f64);

    impl Controller for Same {
        fn act(&self, _: &[f32], _: &[StreamKey], actions: &mut [f64]) {
            actions.fill(self.0);
        }
    }

    fn keys(count: u32) -> Vec<StreamKey> {
        let key = |episode| {
            let (seed, agent) = (RunSeed(3), AgentId(0));
            StreamKey::agent(seed, EpisodeIx(episode), agent, RoundIx(1), Purpose::Policy)
        };
        (0..count).map(key).collect()
    }

    fn acted(random: f64, noise: f64, base: f64) -> Vec<f64> {
        let actions = Actions::cube(1, -1.0, 1.0);
        let mixed = Mixed::new(Arc::new(Same(base)), actions, random, noise).unwrap();
        let mut done = vec![0.0; 4000];
        mixed.act(&[], &keys(4000), &mut done);
        done
    }

    fn mean(numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
        let count = numbers.len() as f64;
        numbers.sum::<f64>() / count
    }

    #[test]
    fn the_share_at_chance_is_as_asked() {
        let done = acted(0.3, 0.0, 0.5);
        let chance = done.iter().filter(|number| **number != 0.5).count();
        // 5 deviations of the binomial distribution are 145.
        assert!((1200 - 145..=1200 + 145).contains(&chance), "{chance}");
        assert!(acted(0.0, 0.0, 0.5).iter().all(|number| *number == 0.5));
    }

    #[test]
    fn noise_has_its_deviation_and_is_cut_to_the_bounds() {
        let done = acted(0.0, 0.1, 0.2);
        let middle = mean(done.iter().copied());
        let spread = mean(done.iter().map(|number| (number - middle).powi(2))).sqrt();
        assert!((middle - 0.2).abs() < 0.01, "{middle}");
        assert!((spread - 0.1).abs() < 0.01, "{spread}");
        let done = acted(0.0, 0.1, 1.0);
        assert!(done.iter().all(|number| *number <= 1.0));
        assert!(done.contains(&1.0));
    }

    #[test]
    fn what_cannot_be_mixed_is_refused() {
        let make = |actions, random, noise| {
            let made = Mixed::new(Arc::new(Same(0.0)), actions, random, noise);
            made.unwrap_err().to_string()
        };
        let cube = || Actions::cube(1, -1.0, 1.0);
        let error = make(cube(), 1.5, 0.0);
        assert_eq!(error, "random: expected 0 to 1, got 1.5");
        let error = make(cube(), f64::NAN, 0.0);
        assert_eq!(error, "random: expected 0 to 1, got NaN");
        let error = make(cube(), 0.5, -0.1);
        assert_eq!(error, "noise: expected a number of at least 0, got -0.1");
        let error = make(Actions::Discrete { count: 2 }, 0.5, 0.1);
        assert_eq!(error, "noise: expected 0 among choices, got 0.1");
        let error = make(Actions::cube(1, 1.0, -1.0), 0.5, 0.1);
        assert!(
            error.starts_with("actions: expected finite bounds"),
            "{error}"
        );
        let error = make(Actions::Discrete { count: 0 }, 0.5, 0.0);
        assert_eq!(error, "actions: expected at least one choice, got 0");
    }
}
