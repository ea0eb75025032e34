//! Buffers of passes with a way back, used again by the next.

use crate::kernels::{Level, Threads};

use super::inputs::Sequence;
use super::program::PerStep;
use super::run::{Prepared, Tape, cut};

/// Tokens that run through all operations together: their values stay in the second-level cache.
pub(super) const CHUNK: usize = 128;
/// Groups have gradients of their own, which are added at the end; with so many tokens that costs little.
const GROUP: usize = 480;
/// At least so many groups where there are chunks for them, so that threads have something to share.
const LEAST_GROUPS: usize = 4;
/// At most so many.
const MOST_GROUPS: usize = 16;

/// Room for the values of a batch. The next pass uses it again, so that nothing large is allocated from the second on.
///
/// # Determinism
/// How sequences are put together depends on the batch alone. Gradients of groups are added in order. Results
/// are the same for any number of threads.
#[derive(Debug)]
pub struct Workspace {
    pub(super) threads: Threads,
    pub(super) level: Level,
    pub(super) prepared: Prepared,
    pub(super) groups: Vec<Group>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) losses: Vec<f32>,
    pub(super) predictions: Vec<f32>,
}

/// Sequences whose gradients are added up one after the other.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) tapes: Vec<Tape>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) gradients: Vec<Vec<f32>>,
    pub(super) states: Vec<f32>,
}

impl Workspace {
    /// Room that grows as passes need it, on `threads`.
    pub fn new(threads: Threads) -> Self {
        Self {
            threads,
            level: Level::best(),
            prepared: Prepared::default(),
            groups: Vec::new(),
            sequences: Vec::new(),
            losses: Vec::new(),
            predictions: Vec::new(),
        }
    }

    /// Puts the sequences into groups.
    pub(super) fn group(&mut self, per_step: PerStep) {
        let tokens: usize = self
            .sequences
            .iter()
            .map(|sequence| per_step.0 * sequence.steps)
            .sum();
        let size = GROUP.min(tokens / LEAST_GROUPS).max(tokens / MOST_GROUPS);
        let runs = cut(&self.sequences, per_step, size.max(CHUNK));
        self.groups.resize_with(runs.len(), Group::default);
        for (group, run) in self.groups.iter_mut().zip(runs) {
            group.sequences.clear();
            group.sequences.extend_from_slice(&self.sequences[run]);
        }
    }
}
