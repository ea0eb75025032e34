//! Where a model's weights come from.

use crate::local::cpu::quantised::Blocks;

/// One tensor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Weights {
    /// Row-major floats.
    Floats {
        /// Outermost dimension first.
        shape: Vec<usize>,
        /// As many as the shape says.
        values: Vec<f32>,
    },
    /// A matrix in blocks of few bits.
    Blocks(Blocks),
}

/// Why a tensor cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WeightError {
    /// It is not there.
    #[error("tensor `{0}` is missing")]
    Missing(String),
    /// It cannot be read.
    #[error("tensor `{name}` cannot be read")]
    Unreadable {
        /// The tensor.
        name: String,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Tensors by their Hugging Face names (`model.layers.0.self_attn.q_proj.weight`, …).
pub trait WeightSource {
    /// Reads a tensor.
    ///
    /// # Errors
    /// [`WeightError`] when it is missing or cannot be read.
    fn weights(&mut self, name: &str) -> Result<Weights, WeightError>;
}
