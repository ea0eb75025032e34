//! Plugins between the gradients and the step.

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use super::{Evaluation, Gradients, Groups, ParameterSet, State, TrainError};

/// What a hook sees and may change.
pub struct Moment<'a> {
    /// Steps of the optimizer done so far.
    pub step: u64,
    /// Steps of the whole run.
    pub steps: u64,
    /// The trained parameters.
    pub parameters: &'a ParameterSet,
    /// Gradients of this step: summed over the micro-batches and clipped.
    pub gradients: &'a mut Gradients,
    /// Decays and rates.
    pub groups: &'a mut Groups,
    /// Seed of the run.
    pub seed: RunSeed,
}

impl Moment<'_> {
    /// A stream of random numbers of this step for the use numbered `number`.
    ///
    /// # Determinism
    /// Depends on seed, step and number alone: nothing of it has to be kept in checkpoints.
    pub fn stream(&self, number: u32) -> Stream {
        StreamKey {
            seed: self.seed,
            episode: EpisodeIx(0),
            agent: Some(AgentId(number)),
            round: RoundIx(self.step as u32),
            purpose: Purpose::Training,
        }
        .open()
    }
}

/// A plugin that acts around the optimizer's steps.
///
/// All methods do nothing by default. A hook must keep what it needs to go on after a checkpoint in
/// [`Hook::state`], or a resumed run would differ from an uninterrupted one. Groups are kept by the
/// trainer.
pub trait Hook: Send {
    /// Called before the first step of a new run, not of a resumed one.
    ///
    /// # Errors
    /// When the hook cannot work with this run.
    fn start(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        let _ = moment;
        Ok(())
    }

    /// Called when the gradients of a step are there and clipped, before the optimizer's step.
    ///
    /// # Errors
    /// When the run must stop.
    fn before_step(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        let _ = moment;
        Ok(())
    }

    /// Called after the optimizer's step; the step is counted already.
    ///
    /// # Errors
    /// When the run must stop.
    fn after_step(&mut self, moment: &mut Moment<'_>) -> Result<(), TrainError> {
        let _ = moment;
        Ok(())
    }

    /// Called after an evaluation on the held-out set.
    ///
    /// # Errors
    /// When the run must stop.
    fn after_evaluation(
        &mut self,
        moment: &mut Moment<'_>,
        evaluation: &Evaluation,
    ) -> Result<(), TrainError> {
        let _ = (moment, evaluation);
        Ok(())
    }

    /// What the hook remembers, for a checkpoint.
    fn state(&self) -> State {
        State::default()
    }

    /// Restores what [`Hook::state`] gave.
    ///
    /// # Errors
    /// A sentence of what does not fit.
    fn load(&mut self, parameters: &ParameterSet, state: &State) -> Result<(), String> {
        let _ = (parameters, state);
        Ok(())
    }
}
