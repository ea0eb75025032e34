use candle_core::{Tensor, Var};
use serde_json::Value;

use super::{Batch, TrainError};

/// A model that a [`Trainer`](super::Trainer) can train.
pub trait Trainable: Sync {
    /// What is trained, by name, always in the same order: contiguous f32 variables on the CPU.
    fn parameters(&self) -> Vec<(String, Var)>;

    /// −ln p of each target of the batch, differentiable; shape `[targets]`, in the order of
    /// [`Batch::places`].
    ///
    /// # Errors
    /// When a tensor operation fails or the batch does not fit the model.
    fn losses(&self, batch: &Batch) -> Result<Tensor, TrainError>;

    /// What makes this model this model (its configuration, what its frozen part is): a checkpoint
    /// of a model described otherwise is refused.
    fn description(&self) -> Value;

    /// Number of token ids.
    fn vocabulary(&self) -> usize;

    /// Longest row that the model takes.
    fn context(&self) -> usize {
        usize::MAX
    }

    /// Bytes that one forward and backward pass over `rows` times `length` tokens needs at its peak,
    /// about, beside parameters and their gradients.
    fn activation_bytes(&self, rows: usize, length: usize) -> u64;
}
