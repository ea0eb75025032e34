//! Why a pass cannot run.

use crate::local::cpu::cache::{CacheError, SequenceId};

/// Why a pass cannot run. Nothing has been written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PassError {
    /// The cache refuses.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The cache has other sizes than the model.
    #[error("pass: expected a cache of (layers, kv_heads, head_dim) {expected:?}, got {got:?}")]
    Shape {
        /// Of the model.
        expected: [usize; 3],
        /// Of the cache.
        got: [usize; 3],
    },
    /// A chunk has no token.
    #[error("pass: the chunk of sequence {} has no token", .0.0)]
    EmptyChunk(SequenceId),
    /// Two chunks belong to one sequence.
    #[error("pass: two chunks of sequence {}", .0.0)]
    Twice(SequenceId),
    /// A token is not in the vocabulary.
    #[error("pass: expected tokens below {vocab}, got {token}")]
    Token {
        /// The token.
        token: u32,
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// A sequence grows past the model's context.
    #[error("pass: sequence {} of {length} tokens exceeds the context of {context}", sequence.0)]
    TooLong {
        /// The sequence.
        sequence: SequenceId,
        /// Its length with the chunk.
        length: usize,
        /// The model's limit.
        context: usize,
    },
    /// What computes failed; the blocks may hold part of the chunks then.
    #[error("pass: {0}")]
    Device(String),
}
