//! What can go wrong in a forward pass.

/// Why a forward pass is refused or failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// The weights lack a tensor.
    #[error("tensor `{tensor}`: the weights have none of this name")]
    MissingTensor {
        /// Its name.
        tensor: String,
    },
    /// A batch has no rows, or a row has no tokens.
    #[error("batch: expected at least one token in each of at least one row, got {found}")]
    Empty {
        /// What was given.
        found: String,
    },
    /// A batch's parts have different sizes.
    #[error("batch: {what}: expected {expected}, got {found}")]
    Size {
        /// Which part.
        what: &'static str,
        /// The size it should have.
        expected: usize,
        /// The size it has.
        found: usize,
    },
    /// A branch goes on from tokens that are not there.
    #[error("batch: branch {branch}: there are no {tokens} tokens of an earlier branch {of}")]
    Branch {
        /// Its place.
        branch: usize,
        /// The branch that it should go on from.
        of: usize,
        /// After how many tokens.
        tokens: usize,
    },
    /// Texts that begin alike share their beginnings only where no token sees a later one.
    #[error("batch: expected branches that stand alone in a bidirectional model")]
    SharedBeginning,
    /// A text is longer than the model's context.
    #[error("batch: texts of {length} tokens exceed the context of {context}")]
    TooLong {
        /// Tokens of the longest text.
        length: usize,
        /// The model's limit.
        context: usize,
    },
    /// A token id is outside the vocabulary.
    #[error("batch: expected token ids below {vocab_size}, got {id}")]
    Token {
        /// The id.
        id: u32,
        /// Rows of the embedding.
        vocab_size: usize,
    },
    /// A position is outside the batch.
    #[error("batch: expected a row below {rows} and a position below {length}, got {found:?}")]
    Position {
        /// Rows of the batch.
        rows: usize,
        /// Tokens of a row.
        length: usize,
        /// The row and the position asked for.
        found: (usize, usize),
    },
    /// The tensor library failed.
    #[error("tensor library")]
    Tensor(#[from] candle_core::Error),
}
