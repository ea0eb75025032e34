//! What goes into a pass and what comes out.

use crate::local::cpu::cache::SequenceId;

/// Which logits a chunk wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wanted {
    /// None: more of the prompt follows.
    None,
    /// Those after the last token.
    #[default]
    Last,
    /// Those after every token.
    All,
}

impl Wanted {
    pub(super) fn rows(self, tokens: usize) -> usize {
        match self {
            Self::None => 0,
            Self::Last => 1,
            Self::All => tokens,
        }
    }
}

/// The next tokens of one sequence.
#[derive(Debug, Clone, Copy)]
pub struct Chunk<'a> {
    /// An open sequence of the cache.
    pub sequence: SequenceId,
    /// Tokens that follow those in the cache; at least one.
    pub tokens: &'a [u32],
    /// Which logits are wanted.
    pub wanted: Wanted,
}

/// Rows of logits.
///
/// # Shapes
/// `[rows, vocab]`, chunk after chunk in the order they were given.
#[derive(Debug, Clone, PartialEq)]
pub struct Logits {
    pub(super) vocab: usize,
    pub(super) values: Vec<f32>,
}

impl Logits {
    /// Logits of a row.
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.vocab)
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.vocab
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// All rows, one after the other.
    pub fn into_values(self) -> Vec<f32> {
        self.values
    }
}

/// Where a chunk's tokens are among the packed rows, and in their sequence.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) sequence: SequenceId,
    /// Its first row.
    pub(super) row: usize,
    /// Its number of rows.
    pub(super) count: usize,
    /// The position of its first token.
    pub(super) start: usize,
}
