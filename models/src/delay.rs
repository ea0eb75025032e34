//! The simulated latency of models that need no network.

use std::time::Duration;

use rand::RngExt;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use crate::request::ModelRequest;

/// A latency between two bounds, drawn for each request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delay {
    /// Shortest latency in milliseconds.
    pub lo_ms: u64,
    /// Longest latency in milliseconds, inclusive.
    pub hi_ms: u64,
}

impl Delay {
    /// Latency of one request.
    ///
    /// # Determinism
    /// Drawn from a stream of the request's seed and key, so equal requests wait equally long.
    pub fn of(self, request: &ModelRequest) -> Duration {
        if self.hi_ms <= self.lo_ms {
            return Duration::from_millis(self.lo_ms);
        }
        let key = &request.key;
        let seed = RunSeed(key.digest(request.seed));
        let mut stream =
            StreamKey::agent(seed, key.episode, key.agent, key.round, Purpose::Model).open();
        Duration::from_millis(stream.random_range(self.lo_ms..=self.hi_ms))
    }

    /// Waits as long as the slowest request of a batch; must run inside a tokio runtime.
    pub(crate) async fn wait(self, requests: &[ModelRequest]) {
        let longest = requests.iter().map(|request| self.of(request)).max();
        if let Some(longest) = longest.filter(|longest| !longest.is_zero()) {
            tokio::time::sleep(longest).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request::tests::request;

    #[test]
    fn delays_stay_in_bounds_and_depend_on_the_key_alone() {
        let delay = Delay {
            lo_ms: 5,
            hi_ms: 50,
        };
        let drawn: Vec<_> = (0..40).map(|n| delay.of(&request(n, "x"))).collect();
        assert!(drawn.iter().all(|d| (5..=50).contains(&d.as_millis())));
        assert!(drawn.iter().any(|d| *d != drawn[0]));
        assert_eq!(delay.of(&request(3, "another text")), drawn[3]);
        assert!(Delay::default().of(&request(0, "x")).is_zero());
    }
}
