//! What a run tells while it goes.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// One step of the optimizer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StepReport {
    /// Number of the step, from 1.
    pub step: u64,
    /// Mean loss over the targets, unweighted; of a language model −ln p, in nats.
    pub loss: f64,
    /// Value of the objective.
    pub objective: f64,
    /// Learning rate.
    pub rate: f64,
    /// Length of the gradient before clipping.
    pub gradient_norm: f64,
    /// Targets: positions whose prediction is in the loss.
    pub targets: u64,
    /// Positions read; padding does not count.
    pub read: u64,
    /// Times all data were gone through before.
    pub epoch: u32,
}

/// Result on the held-out set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Evaluation {
    /// Steps of the optimizer done.
    pub step: u64,
    /// Mean loss over all targets; of a language model −ln p, in nats.
    pub loss: f64,
    /// Targets: positions whose prediction is in the loss.
    pub targets: u64,
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// A step was made.
    Step {
        /// The step.
        report: StepReport,
        /// Positions (of a language model: tokens) read a second, since this process began to train.
        read_per_second: f64,
        /// Seconds until the last step, at the speed so far.
        seconds_left: f64,
    },
    /// The held-out set was evaluated.
    Evaluated(Evaluation),
    /// A checkpoint was written.
    Saved {
        /// Steps done.
        step: u64,
        /// Its folder.
        path: PathBuf,
    },
}

/// What an observer wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Go on.
    Continue,
    /// Write a checkpoint and end.
    Stop,
}

/// Follows a run.
pub trait Observer {
    /// Called after every event.
    fn observe(&mut self, event: &Event) -> Verdict;
}

impl<F: FnMut(&Event) -> Verdict> Observer for F {
    fn observe(&mut self, event: &Event) -> Verdict {
        self(event)
    }
}
