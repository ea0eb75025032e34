//! What is minimised: losses of examples, weighted.

use super::{State, TrainError};

/// An example of a micro-batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ExampleRef {
    /// Place of its document in the data, from 0: the same in every epoch.
    pub document: usize,
    /// Source of the document, as given with it.
    pub source: u32,
    /// Targets of this piece; at least 1.
    pub targets: u32,
}

/// Losses of the examples of one micro-batch.
#[derive(Debug)]
pub struct ExampleLosses<'a> {
    /// The examples.
    pub examples: &'a [ExampleRef],
    /// Sum of the losses of each example's targets; shape `[examples]`.
    pub sums: &'a [f32],
    /// Targets of all micro-batches of this step.
    pub batch_targets: u64,
    /// Examples of all micro-batches of this step.
    pub batch_examples: u64,
}

/// A micro-batch's part of the objective.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighted {
    /// Its value.
    pub value: f64,
    /// Its derivative with respect to the sum of each example; shape `[examples]`.
    pub weights: Vec<f32>,
}

impl Weighted {
    /// `sum(weights * sums)` for weights that do not depend on the sums.
    pub fn linear(sums: &[f32], weights: Vec<f32>) -> Self {
        let terms = sums.iter().zip(&weights);
        Self {
            value: terms
                .map(|(sum, weight)| f64::from(*sum) * f64::from(*weight))
                .sum(),
            weights,
        }
    }
}

/// What is minimised.
///
/// The losses of the micro-batches of a step are added, so an objective divides by what it
/// normalises by over the whole step ([`ExampleLosses::batch_targets`]), not over the micro-batch.
pub trait Objective: Send {
    /// The micro-batch's part of the loss and its derivative.
    ///
    /// # Errors
    /// When it cannot be computed.
    fn loss(&mut self, losses: &ExampleLosses<'_>) -> Result<Weighted, TrainError>;

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

/// The mean over the targets of the step: every target weighs the same.
#[derive(Debug, Clone, Copy, Default)]
pub struct TokenMean;

impl Objective for TokenMean {
    fn loss(&mut self, losses: &ExampleLosses<'_>) -> Result<Weighted, TrainError> {
        let weight = (1.0 / losses.batch_targets as f64) as f32;
        Ok(Weighted::linear(
            losses.sums,
            vec![weight; losses.sums.len()],
        ))
    }
}

/// The mean over examples of the mean over each one's targets: every example weighs the same.
///
/// A document that was split counts as several examples.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExampleMean;

impl Objective for ExampleMean {
    fn loss(&mut self, losses: &ExampleLosses<'_>) -> Result<Weighted, TrainError> {
        let weight = |example: &ExampleRef| {
            (1.0 / (f64::from(example.targets) * losses.batch_examples as f64)) as f32
        };
        let weights = losses.examples.iter().map(weight).collect();
        Ok(Weighted::linear(losses.sums, weights))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_weigh_targets_or_examples() {
        let example = |document, targets| ExampleRef {
            document,
            source: 0,
            targets,
        };
        let losses = ExampleLosses {
            examples: &[example(0, 3), example(1, 1)],
            sums: &[6.0, 1.0],
            batch_targets: 8,
            batch_examples: 4,
        };
        let expected = |value, weights| Weighted { value, weights };
        let of_targets = TokenMean.loss(&losses).unwrap();
        assert_eq!(of_targets, expected(0.875, vec![0.125; 2]));
        let of_examples = ExampleMean.loss(&losses).unwrap();
        assert!((of_examples.value - 0.75).abs() < 1e-7);
        assert_eq!(of_examples.weights, [1.0 / 12.0, 0.25]);
    }
}
