//! How much may be asked at once and a minute.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, sleep_until};

/// Longest time that anything waits, so that no clock overflows: a year.
pub(super) const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Bounds of what is asked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateLimits {
    /// Requests that are open at one time, at least 1.
    pub concurrency: usize,
    /// Requests a minute.
    pub requests_per_minute: Option<f64>,
    /// Tokens of prompts and replies a minute. A request is counted before it is sent with a
    /// quarter of its bytes and the most tokens of its reply, and set right afterwards.
    pub tokens_per_minute: Option<f64>,
    /// How much of a minute's limit may be used at once after a pause, in seconds of it; a
    /// single request always fits.
    pub burst_s: f64,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            requests_per_minute: None,
            tokens_per_minute: None,
            burst_s: 1.0,
        }
    }
}

/// Tokens that come back at a steady rate. A balance below zero is owed by those who wait.
struct Bucket {
    per_s: f64,
    capacity: f64,
    state: Mutex<(f64, Option<Instant>)>,
}

impl Bucket {
    fn new(per_minute: f64, burst_s: f64) -> Self {
        let per_s = per_minute / 60.0;
        let capacity = (per_s * burst_s).max(1.0);
        Self {
            per_s,
            capacity,
            state: Mutex::new((capacity, None)),
        }
    }

    /// Takes `cost` and says from when on it may be used: in the order of the calls.
    fn reserve(&self, cost: f64, now: Instant) -> Instant {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (balance, seen) = *state;
        let passed = seen.map_or(0.0, |seen| (now - seen).as_secs_f64());
        let balance = (balance + passed * self.per_s).min(self.capacity);
        *state = (balance - cost, Some(now));
        // More than the bucket holds is let through from a full bucket, and owed afterwards.
        let lacking = cost.min(self.capacity) - balance;
        let wait = Duration::try_from_secs_f64(lacking.max(0.0) / self.per_s);
        now + wait.unwrap_or(LONGEST).min(LONGEST)
    }

    fn give_back(&self, cost: f64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 += cost;
    }
}

/// The gate that every attempt goes through.
pub(super) struct Limits {
    open: Semaphore,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    held: Mutex<Option<Instant>>,
}

impl Limits {
    pub(super) fn new(limits: &RateLimits) -> Self {
        let bucket = |rate: Option<f64>| rate.map(|rate| Bucket::new(rate, limits.burst_s));
        Self {
            open: Semaphore::new(limits.concurrency.clamp(1, Semaphore::MAX_PERMITS)),
            requests: bucket(limits.requests_per_minute),
            tokens: bucket(limits.tokens_per_minute),
            held: Mutex::new(None),
        }
    }

    /// Waits until a request of about `tokens` may be sent; it is open until the permit drops.
    pub(super) async fn admit(&self, tokens: f64) -> Option<SemaphorePermit<'_>> {
        // The place first: who has a turn by the rates sends at once.
        let permit = self.open.acquire().await.ok()?;
        let now = Instant::now();
        let turns = [(&self.requests, 1.0), (&self.tokens, tokens)];
        for turn in turns.map(|(bucket, cost)| Some(bucket.as_ref()?.reserve(cost, now))) {
            if let Some(turn) = turn.filter(|turn| *turn > now) {
                sleep_until(turn).await;
            }
        }
        while let Some(until) = self.held_until() {
            sleep_until(until).await;
        }
        Some(permit)
    }

    /// Nothing is sent for so long: the server asked for a pause.
    pub(super) fn hold(&self, pause: Duration) {
        let until = Instant::now() + pause.min(LONGEST);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some(held.map_or(until, |held| held.max(until)));
    }

    fn held_until(&self) -> Option<Instant> {
        let held = *self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.filter(|until| *until > Instant::now())
    }

    /// Corrects what [`Limits::admit`] was told by what was used.
    pub(super) fn settle(&self, told: f64, used: f64) {
        if let Some(tokens) = &self.tokens {
            tokens.give_back(told - used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(requests: Option<f64>, tokens: Option<f64>, burst_s: f64) -> Limits {
        Limits::new(&RateLimits {
            concurrency: 8,
            requests_per_minute: requests,
            tokens_per_minute: tokens,
            burst_s,
        })
    }

    async fn turns(limits: &Limits, tokens: f64, count: usize) -> Vec<u128> {
        let start = Instant::now();
        let mut at = Vec::new();
        for _ in 0..count {
            drop(limits.admit(tokens).await);
            at.push(start.elapsed().as_millis());
        }
        at
    }

    #[tokio::test(start_paused = true)]
    async fn requests_keep_to_their_rate_after_a_burst() {
        let limits = limits(Some(120.0), None, 1.0);
        assert_eq!(turns(&limits, 9e9, 5).await, [0, 0, 500, 1000, 1500]);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(turns(&limits, 0.0, 4).await, [0, 0, 500, 1000]);
    }

    #[tokio::test(start_paused = true)]
    async fn tokens_are_owed_and_set_right_afterwards() {
        let limits = limits(None, Some(6000.0), 1.0);
        // 100 tokens a second: the first request takes what two and a half seconds give.
        assert_eq!(turns(&limits, 250.0, 2).await, [0, 2500]);
        limits.settle(250.0, 50.0);
        assert_eq!(turns(&limits, 100.0, 2).await, [500, 1500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_and_the_longest_counts() {
        let limits = limits(None, None, 1.0);
        limits.hold(Duration::from_secs(3));
        limits.hold(Duration::from_secs(1));
        assert_eq!(turns(&limits, 1.0, 2).await, [3000, 3000]);
    }

    #[tokio::test(start_paused = true)]
    async fn extreme_rates_and_pauses_overflow_nothing() {
        let slow = limits(Some(1e-300), Some(f64::MIN_POSITIVE), 0.0);
        assert_eq!(turns(&slow, f64::MAX, 1).await, [0]);
        let year = LONGEST.as_millis();
        assert_eq!(turns(&slow, 1.0, 1).await, [year]);
        let held = limits(Some(f64::MAX), None, 1e300);
        held.hold(Duration::MAX);
        assert_eq!(turns(&held, 1.0, 1).await, [year]);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_open_than_allowed() {
        let limits = Limits::new(&RateLimits {
            concurrency: 2,
            ..RateLimits::default()
        });
        let one = limits.admit(1.0).await;
        let two = limits.admit(1.0).await;
        let wait = Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, limits.admit(1.0)).await.is_err());
        drop(one);
        assert!(tokio::time::timeout(wait, limits.admit(1.0)).await.is_ok());
        drop(two);
    }
}
