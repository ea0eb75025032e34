//! Why a reply ended.

use serde::{Deserialize, Serialize};

/// Why a reply ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StopReason {
    /// The model gave a token that ends a reply.
    Eos,
    /// The text came to a stop string, which is not part of the reply.
    StopString,
    /// The grammar allows nothing further: the reply is complete.
    Grammar,
    /// The reply reached its limit of tokens.
    Length,
    /// Prompt and reply filled the model's context.
    Context,
    /// The time for the reply was over.
    Deadline,
    /// Whoever asked wants it no more.
    Cancelled,
}

impl StopReason {
    /// The model ended the reply by itself, so that it is whole.
    pub fn is_complete(self) -> bool {
        matches!(self, Self::Eos | Self::StopString | Self::Grammar)
    }
}
