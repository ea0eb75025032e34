//! A model with its scheduler, whatever the model computes on.

use std::fmt::Debug;

use crate::local::cpu::{
    CacheCounters, Inference, Scheduler, SchedulerCounters, SequenceId, StepError, SubmitError,
};

/// What an engine asks of a model with its scheduler.
pub(super) trait Runner: Debug + Send {
    fn submit(&mut self, prompt: &[u32], most_new: usize) -> Result<SequenceId, SubmitError>;
    fn push(&mut self, id: SequenceId, tokens: &[u32]) -> Result<(), SubmitError>;
    fn finish(&mut self, id: SequenceId) -> Result<Vec<u32>, SubmitError>;
    fn step(&mut self) -> Result<Vec<(SequenceId, Vec<f32>)>, StepError>;
    fn counters(&self) -> (CacheCounters, SchedulerCounters);
}

/// A model and the scheduler that runs it.
#[derive(Debug)]
pub(super) struct Scheduled<M: Inference> {
    pub(super) model: M,
    pub(super) scheduler: Scheduler<M::Blocks>,
}

impl<M: Inference> Runner for Scheduled<M> {
    fn submit(&mut self, prompt: &[u32], most_new: usize) -> Result<SequenceId, SubmitError> {
        self.scheduler.submit(&self.model, prompt, most_new)
    }

    fn push(&mut self, id: SequenceId, tokens: &[u32]) -> Result<(), SubmitError> {
        self.scheduler.push(&self.model, id, tokens)
    }

    fn finish(&mut self, id: SequenceId) -> Result<Vec<u32>, SubmitError> {
        self.scheduler.finish(id)
    }

    fn step(&mut self) -> Result<Vec<(SequenceId, Vec<f32>)>, StepError> {
        self.scheduler.step(&self.model)
    }

    fn counters(&self) -> (CacheCounters, SchedulerCounters) {
        (self.scheduler.cache_counters(), self.scheduler.counters())
    }
}
