//! When a request that failed is asked again.

use std::time::Duration;

use rand::RngExt;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::fault::OpenAiFault;
use crate::request::ModelRequest;

/// Pauses between the attempts of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Pause before the second attempt. Each further one is twice as long, and each is shortened
    /// at random by up to its half, so that those who failed together do not come back together.
    pub first: Duration,
    /// Longest pause that is chosen here.
    pub longest: Duration,
    /// Longest pause that a server may ask for; when it asks for more, the request fails.
    pub patience: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            longest: Duration::from_secs(30),
            patience: Duration::from_secs(120),
        }
    }
}

impl Backoff {
    /// Pause after attempt `number` (from 0) of `request` failed; `None` when the server asks for
    /// more than is waited. It is never shorter than what the server asks for.
    ///
    /// # Determinism
    /// Drawn from a stream of the request's seed and key.
    pub(super) fn pause(
        &self,
        request: &ModelRequest,
        number: u32,
        fault: &OpenAiFault,
    ) -> Option<Duration> {
        let key = &request.key;
        let seed = RunSeed(key.digest(request.seed));
        let mut stream =
            StreamKey::agent(seed, key.episode, key.agent, key.round, Purpose::Model).open();
        // Each attempt has a draw of its own.
        let draw = (0..=number).fold(0.0, |_, _| stream.random::<f64>());
        match fault.retry_after_s() {
            Some(asked) => {
                let asked = Duration::try_from_secs_f64(asked).ok()?;
                let spread = self.first.min(self.longest).mul_f64(draw);
                (asked <= self.patience).then(|| asked.saturating_add(spread))
            }
            None => {
                let doubled = self
                    .first
                    .saturating_mul(1_u32.checked_shl(number).unwrap_or(u32::MAX));
                Some(doubled.min(self.longest).mul_f64(1.0 - draw / 2.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;

    fn limited(retry_after_s: Option<f64>) -> OpenAiFault {
        OpenAiFault::RateLimited {
            message: String::new(),
            retry_after_s,
        }
    }

    #[test]
    fn pauses_double_up_to_the_longest_and_differ_by_key() {
        let backoff = Backoff::default();
        let pause = |asked: u32, number| {
            backoff
                .pause(&request(asked, "x"), number, &limited(None))
                .unwrap()
                .as_secs_f64()
        };
        for number in 0..40 {
            let full = (0.5 * 2_f64.powi(number as i32)).min(30.0);
            let drawn = pause(0, number);
            assert!((full / 2.0..=full).contains(&drawn), "{number}: {drawn}");
            assert_eq!(drawn, pause(0, number));
        }
        assert_ne!(pause(0, 0), pause(1, 0));
        assert_ne!(pause(0, 10), pause(0, 11));
    }

    #[test]
    fn the_wait_that_a_server_asks_for_is_kept_or_given_up() {
        let backoff = Backoff::default();
        let pause = |asked| backoff.pause(&request(0, "x"), 3, &limited(Some(asked)));
        let kept = pause(7.0).unwrap().as_secs_f64();
        assert!((7.0..7.5).contains(&kept), "{kept}");
        assert!(pause(120.0).is_some());
        assert_eq!(pause(121.0), None);
        assert_eq!(pause(1e300), None);
    }
}
