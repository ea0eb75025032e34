//! What a trainer needs of a model.

use rounds_environments::streams::StreamKey;
use serde_json::Value;

use super::{Gradients, Parameter, TrainConfig, TrainError, TrainingSource};

/// The configuration of a training of `M`.
pub type ConfigOf<M> = TrainConfig<<<M as Trainable>::Source as TrainingSource>::Config>;

/// A micro-batch that `M` reads.
pub type BatchOf<M> = <<M as Trainable>::Source as TrainingSource>::Batch;

/// What a forward pass is for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pass {
    /// A step. What the model draws (dropout) comes from the stream of this key, which is another one for
    /// each micro-batch.
    Training(StreamKey),
    /// An evaluation: nothing is drawn.
    Evaluation,
}

/// A model that a [`Trainer`](super::Trainer) can train.
pub trait Trainable: Sync {
    /// What it is trained on.
    type Source: TrainingSource;

    /// What is trained, by name, always in the same order.
    fn parameters(&self) -> Vec<(String, Parameter)>;

    /// Runs the model on a micro-batch.
    ///
    /// # Errors
    /// When an operation fails or the batch does not fit the model.
    fn forward<'a>(
        &'a self,
        batch: &'a BatchOf<Self>,
        pass: Pass,
    ) -> Result<Box<dyn Forward + 'a>, TrainError>;

    /// What makes this model this model (its configuration, what its frozen part is): a checkpoint
    /// of a model described otherwise is refused.
    fn description(&self) -> Value;

    /// Whether the model can be trained on `source` as `config` says.
    ///
    /// # Errors
    /// [`TrainError`] naming what does not fit.
    fn check(&self, config: &ConfigOf<Self>, source: &Self::Source) -> Result<(), TrainError>;

    /// Bytes that one forward and backward pass over `rows` times `length` positions needs at its peak,
    /// about, beside parameters and their gradients.
    fn activation_bytes(&self, rows: usize, length: usize) -> u64;
}

/// A forward pass, and all that its backward pass needs.
pub trait Forward: Send {
    /// The loss of each target of the batch, in the batch's order.
    fn losses(&self) -> &[f32];

    /// Adds the gradients of `sum(weights * losses)` to `gradients`, whose places are those of
    /// [`Trainable::parameters`].
    ///
    /// # Errors
    /// When an operation fails.
    fn backward(
        self: Box<Self>,
        weights: &[f32],
        gradients: &mut Gradients,
    ) -> Result<(), TrainError>;
}
