//! Batches from a data set.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::batch::Batch;
use super::error::DataError;
use super::float::Float;
use super::normaliser::Normaliser;
use super::trajectories::Trajectories;
use crate::streams::Stream;

/// How batches are cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SamplerConfig {
    /// Steps of a row, `K`.
    pub context: usize,
    /// Returns to go are divided by this.
    pub return_scale: f64,
    /// Later steps count as the last before this one.
    pub max_ep_len: u32,
    /// Padding of actions: 0, or -10 as the published Decision Transformer and Decision ConvFormer have it.
    pub compat_action_pad: f64,
    /// Share of the steps to keep, those of the episodes with the best returns; 1 keeps all.
    pub pct_traj: f64,
    /// No deviation of an observation counts as less.
    pub std_floor: f64,
}

impl Default for SamplerConfig {
    fn default() -> Self {
        Self {
            context: 20,
            return_scale: 1000.0,
            max_ep_len: 1000,
            compat_action_pad: 0.0,
            pct_traj: 1.0,
            std_floor: 0.0,
        }
    }
}

impl SamplerConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`DataError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), DataError> {
        let refuse = DataError::setting;
        if !(1..=100_000).contains(&self.context) {
            let why = format!("expected 1 to 100000 steps, got {}", self.context);
            return Err(refuse("context", why));
        }
        if !(self.return_scale > 0.0 && self.return_scale.is_finite()) {
            let why = format!("expected a number above 0, got {}", self.return_scale);
            return Err(refuse("return_scale", why));
        }
        if self.max_ep_len == 0 {
            return Err(refuse(
                "max_ep_len",
                "expected at least 1, got 0".to_owned(),
            ));
        }
        if !self.compat_action_pad.is_finite() {
            let why = format!("expected a finite number, got {}", self.compat_action_pad);
            return Err(refuse("compat_action_pad", why));
        }
        if !(self.pct_traj > 0.0 && self.pct_traj <= 1.0) {
            let why = format!("expected a share above 0, at most 1, got {}", self.pct_traj);
            return Err(refuse("pct_traj", why));
        }
        if !(self.std_floor >= 0.0 && self.std_floor.is_finite()) {
            let why = format!("expected a number of at least 0, got {}", self.std_floor);
            return Err(refuse("std_floor", why));
        }
        Ok(())
    }
}

/// Cuts batches from a data set, in the precision `T` of the model.
///
/// An episode is drawn with a probability proportional to its length and a start evenly among its steps, which is to
/// draw evenly among all steps. The row is what follows, up to `context` steps; returns to go are those of the whole rest
/// of the episode.
///
/// Padded states are zeros before they are normalised, so they are `-mean/std` here, while a policy that acts pads with
/// plain zeros: as published.
///
/// # Source
/// Trajectory card, section 4.2.
#[derive(Debug, Clone)]
pub struct Sampler<T> {
    config: SamplerConfig,
    normaliser: Normaliser,
    /// Episodes that are kept, as rows of the data set.
    spans: Vec<Span>,
    steps: usize,
    states: Vec<T>,
    actions: Vec<T>,
    returns_to_go: Vec<T>,
    padded_state: Vec<T>,
    action: usize,
}

/// A kept episode.
#[derive(Debug, Clone, Copy)]
struct Span {
    /// Its first step in the sampler's own arrays.
    start: usize,
    steps: usize,
}

impl<T: Float> Sampler<T> {
    /// A sampler of a data set. Observations are normalised by all of it, whatever share is kept.
    ///
    /// # Errors
    /// [`DataError`] for settings that cannot be and for a data set without episodes.
    pub fn new(data: &Trajectories, config: SamplerConfig) -> Result<Self, DataError> {
        config.validate()?;
        let normaliser = Normaliser::of::<T>(data, config.std_floor)?;
        let (observation, action) = (data.observation_size(), data.action_size());
        let normalised = |(at, number): (usize, &f64)| {
            let number = T::nearest(*number).wide();
            T::nearest(normaliser.apply(at % observation, number))
        };
        let padded = (0..observation).map(|at| T::nearest(normaliser.apply(at, 0.0)));
        let padded_state = padded.collect();
        let kept = best(data, config.pct_traj);
        let (mut states, mut actions, mut returns_to_go) = (vec![], vec![], vec![]);
        let (mut spans, mut start) = (Vec::new(), 0);
        for episode in kept.into_iter().map(|number| data.episode(number)) {
            let steps = episode.steps();
            states.extend(episode.observations.iter().enumerate().map(normalised));
            actions.extend(episode.actions.iter().map(|number| T::nearest(*number)));
            let mut rest = 0.0;
            returns_to_go.resize(start + steps, T::nearest(0.0));
            let backwards = returns_to_go[start..].iter_mut().zip(episode.rewards).rev();
            for (to_go, reward) in backwards {
                rest += T::nearest(*reward).wide();
                *to_go = T::nearest(rest / config.return_scale);
            }
            spans.push(Span { start, steps });
            start += steps;
        }
        Ok(Self {
            config,
            spans,
            steps: start,
            states,
            actions,
            returns_to_go,
            padded_state,
            action,
            normaliser,
        })
    }

    /// How batches are cut.
    pub fn config(&self) -> &SamplerConfig {
        &self.config
    }

    /// How observations are normalised.
    pub fn normaliser(&self) -> &Normaliser {
        &self.normaliser
    }

    /// Number of episodes that are kept.
    pub fn episodes(&self) -> usize {
        self.spans.len()
    }

    /// Number of steps that are kept.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// Steps of a kept episode.
    ///
    /// # Panics
    /// When there is no such episode.
    pub fn length(&self, episode: usize) -> usize {
        self.spans[episode].steps
    }

    /// Probability of each kept episode in a draw.
    pub fn probabilities(&self) -> Vec<f64> {
        let share = |span: &Span| span.steps as f64 / self.steps as f64;
        self.spans.iter().map(share).collect()
    }

    /// Room for batches of as many rows.
    pub fn room(&self, rows: usize) -> Batch<T> {
        Batch::room(
            rows,
            self.config.context,
            self.padded_state.len(),
            self.action,
        )
    }

    /// Fills all rows of a batch of this sampler with draws. Nothing is allocated.
    ///
    /// # Panics
    /// When the batch is not of this sampler's [`room`](Self::room).
    pub fn sample(&self, stream: &mut Stream, batch: &mut Batch<T>) {
        for row in 0..batch.rows {
            self.fill_from_step(stream.random_range(0..self.steps), row, batch);
        }
    }

    /// Fills one row with what follows step `step` of all that are kept, counted through all episodes.
    ///
    /// # Panics
    /// As [`fill`](Self::fill).
    pub fn fill_from_step(&self, step: usize, row: usize, batch: &mut Batch<T>) {
        let episode = self.spans.partition_point(|span| span.start <= step) - 1;
        let start = step - self.spans[episode].start;
        self.fill(episode, start, row, batch);
    }

    /// Fills one row with what follows step `start` of a kept episode.
    ///
    /// # Panics
    /// When there is no such step, or the batch has no such row or is not of this sampler's
    /// [`room`](Self::room).
    pub fn fill(&self, episode: usize, start: usize, row: usize, batch: &mut Batch<T>) {
        let Span { start: at, steps } = self.spans[episode];
        assert!(
            start < steps,
            "episode {episode} has {steps} steps, not {start}"
        );
        let k = self.config.context;
        let real = k.min(steps - start);
        let padding = k - real;
        let (from, to) = (at + start, at + start + real);
        let zero = T::nearest(0.0);

        let width = self.padded_state.len();
        let states = &mut batch.states[row * k * width..][..k * width];
        let (padded, kept) = states.split_at_mut(padding * width);
        for state in padded.chunks_exact_mut(width) {
            state.copy_from_slice(&self.padded_state);
        }
        kept.copy_from_slice(&self.states[from * width..to * width]);

        let width = self.action;
        let actions = &mut batch.actions[row * k * width..][..k * width];
        let (padded, kept) = actions.split_at_mut(padding * width);
        padded.fill(T::nearest(self.config.compat_action_pad));
        kept.copy_from_slice(&self.actions[from * width..to * width]);

        let to_go = &mut batch.returns_to_go[row * (k + 1)..][..=k];
        let (padded, kept) = to_go.split_at_mut(padding);
        padded.fill(zero);
        // One more than there are steps; at the end of the episode nothing is left to come.
        let known = (real + 1).min(steps - start);
        kept[..known].copy_from_slice(&self.returns_to_go[from..from + known]);
        kept[known..].fill(zero);

        let times = &mut batch.timesteps[row * k..][..k];
        let mask = &mut batch.mask[row * k..][..k];
        times[..padding].fill(0);
        mask[..padding].fill(zero);
        mask[padding..].fill(T::nearest(1.0));
        let latest = self.config.max_ep_len - 1;
        for (step, time) in times[padding..].iter_mut().enumerate() {
            *time = u32::try_from(start + step).map_or(latest, |time| time.min(latest));
        }
    }
}

/// Episodes with the best returns that hold at most a share of the steps, at least one, in the order of the data set. Of equals
/// the earlier is kept.
fn best(data: &Trajectories, share: f64) -> Vec<usize> {
    if share >= 1.0 {
        return (0..data.episodes()).collect();
    }
    let returns = data.returns();
    let mut order: Vec<usize> = (0..data.episodes()).collect();
    order.sort_by(|a, b| returns[*b].total_cmp(&returns[*a]));
    let budget = (share * data.steps() as f64) as usize;
    let mut steps = 0;
    let fits = order.iter().take_while(|number| {
        steps += data.episode(**number).steps();
        steps <= budget
    });
    let count = fits.count().max(1);
    order.truncate(count);
    order.sort_unstable();
    order
}

#[cfg(test)]
#[path = "sampler_tests.rs"]
mod tests;
