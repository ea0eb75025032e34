//! What is minimised: losses of examples, weighted.

use candle_core::Tensor;

use super::{State, TrainError, TrainingData};

/// An example of a micro-batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExampleRef {
    /// Place of its document in the data, from 0: the same in every epoch.
    pub document: usize,
    /// Source of the document, as given with it.
    pub source: u32,
    /// Tokens of this piece that are in the loss; at least 1.
    pub tokens: u32,
}

/// Losses of the examples of one micro-batch.
#[derive(Debug)]
pub struct ExampleLosses<'a> {
    /// The examples.
    pub examples: &'a [ExampleRef],
    /// Sum of each example's token losses; shape `[examples]`, differentiable.
    pub sums: &'a Tensor,
    /// Tokens in the loss of all micro-batches of this step.
    pub batch_tokens: u64,
    /// Examples of all micro-batches of this step.
    pub batch_examples: u64,
}

/// What is minimised.
///
/// The losses of the micro-batches of a step are added, so an objective divides by what it
/// normalises by over the whole step ([`ExampleLosses::batch_tokens`]), not over the micro-batch.
pub trait Objective: Send {
    /// Called once before the first step, and before [`Objective::load`].
    ///
    /// # Errors
    /// When the data do not suit the objective.
    fn start(&mut self, data: &TrainingData) -> Result<(), TrainError> {
        let _ = data;
        Ok(())
    }

    /// The micro-batch's part of the loss: a scalar, differentiable.
    ///
    /// # Errors
    /// When it cannot be computed.
    fn loss(&mut self, losses: &ExampleLosses<'_>) -> Result<Tensor, TrainError>;

    /// Called after each step of the optimizer: the place to change weights of one's own.
    ///
    /// # Errors
    /// When that fails.
    fn after_step(&mut self, step: u64) -> Result<(), TrainError> {
        let _ = step;
        Ok(())
    }

    /// What the objective remembers, for a checkpoint.
    fn state(&self) -> State {
        State::default()
    }

    /// Restores what [`Objective::state`] gave.
    ///
    /// # Errors
    /// A sentence of what does not fit.
    fn load(&mut self, state: &State) -> Result<(), String> {
        let _ = state;
        Ok(())
    }
}

/// The mean over the tokens of the step: every token weighs the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenMean;

impl Objective for TokenMean {
    fn loss(&mut self, losses: &ExampleLosses<'_>) -> Result<Tensor, TrainError> {
        Ok((losses.sums.sum_all()? / losses.batch_tokens as f64)?)
    }
}

/// The mean over examples of the mean over each one's tokens: every example weighs the same.
///
/// A document that was split counts as several examples.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExampleMean;

impl Objective for ExampleMean {
    fn loss(&mut self, losses: &ExampleLosses<'_>) -> Result<Tensor, TrainError> {
        let weight = |example: &ExampleRef| {
            (1.0 / (f64::from(example.tokens) * losses.batch_examples as f64)) as f32
        };
        let weights: Vec<f32> = losses.examples.iter().map(weight).collect();
        let weights = Tensor::from_vec(weights, losses.examples.len(), losses.sums.device())?;
        Ok((losses.sums * weights)?.sum_all()?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn means_weigh_tokens_or_examples() {
        let example = |document, tokens| ExampleRef {
            document,
            source: 0,
            tokens,
        };
        let sums = Tensor::from_vec(vec![6.0_f32, 1.0], 2, &Device::Cpu).unwrap();
        let losses = ExampleLosses {
            examples: &[example(0, 3), example(1, 1)],
            sums: &sums,
            batch_tokens: 8,
            batch_examples: 4,
        };
        let value = |loss: Tensor| loss.to_scalar::<f32>().unwrap();
        assert_eq!(value(TokenMean.loss(&losses).unwrap()), 0.875);
        assert_eq!(value(ExampleMean.loss(&losses).unwrap()), 0.75);
    }
}
