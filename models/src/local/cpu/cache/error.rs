//! Why the cache refuses.

use super::kv::SequenceId;

/// Why the cache refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// A size is 0.
    #[error("cache: {field} is 0")]
    Empty {
        /// The size's name.
        field: &'static str,
    },
    /// The sizes' product is no size.
    #[error("cache: {blocks} blocks exceed the address space")]
    TooLarge {
        /// Blocks that were wanted.
        blocks: usize,
    },
    /// The pool has too few free blocks; other sequences must go first.
    #[error("cache: sequence {} needs {needed} blocks, {free} are free", sequence.0)]
    OutOfBlocks {
        /// Who needs them.
        sequence: SequenceId,
        /// How many it needs.
        needed: usize,
        /// How many there are.
        free: usize,
    },
    /// No such sequence is open.
    #[error("cache: sequence {} is not open", .0.0)]
    Unknown(SequenceId),
    /// The sequence is open already.
    #[error("cache: sequence {} is open already", .0.0)]
    Open(SequenceId),
    /// What holds the keys and values failed.
    #[error("cache: {0}")]
    Storage(String),
}
