//! What a scheduler refuses.

use crate::local::cpu::cache::{CacheError, SequenceId};
use crate::local::cpu::model::PassError;

/// Why a sequence or its next tokens are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// A prompt or a continuation has no token.
    #[error("scheduler: expected at least one token, got none")]
    Empty,
    /// The sequence could never fit into the cache or the model's context, even alone.
    #[error("scheduler: a sequence of up to {tokens} tokens exceeds the capacity of {capacity}")]
    TooLong {
        /// Prompt and continuation at their longest.
        tokens: usize,
        /// What fits.
        capacity: usize,
    },
    /// A token is not in the vocabulary.
    #[error("scheduler: expected tokens below {vocab}, got {token}")]
    Token {
        /// The token.
        token: u32,
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// No such sequence is there.
    #[error("scheduler: sequence {} is unknown", .0.0)]
    Unknown(SequenceId),
    /// The sequence has tokens that have not run yet.
    #[error("scheduler: sequence {} has not returned logits since its last tokens", .0.0)]
    NotAsked(SequenceId),
}

/// Why a step fails.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StepError {
    /// The cache refuses.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The pass cannot run.
    #[error(transparent)]
    Pass(#[from] PassError),
}
