//! What a pass is asked for, and which models can run one.

use std::fmt::Debug;

use super::error::PassError;
use crate::kernels::Threads;
use crate::local::cpu::cache::{BlockStorage, CacheError, KvCache, SequenceId};
use crate::local::transformer::TransformerConfig;

/// A model that runs chunks of sequences over a paged cache.
pub trait Inference: Debug + Send {
    /// Where its keys and values lie.
    type Blocks: BlockStorage + Debug + Send;

    /// The model's configuration.
    fn config(&self) -> &TransformerConfig;

    /// Threads that may work beside its passes.
    fn threads(&self) -> Threads {
        Threads::new(0)
    }

    /// Runs the next tokens of some sequences, which grow by them, and returns the wanted logits.
    ///
    /// # Shapes
    /// One row of logits for each wanted token, in the chunks' order.
    ///
    /// # Errors
    /// [`PassError`]; no sequence has grown then, though blocks may have been reserved.
    fn pass(
        &self,
        cache: &mut KvCache<Self::Blocks>,
        chunks: &[Chunk<'_>],
    ) -> Result<Logits, PassError>;
}

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
    pub(in crate::local) fn rows(self, tokens: usize) -> usize {
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
    vocab: usize,
    values: Vec<f32>,
}

impl Logits {
    /// Rows of `vocab` values.
    pub(in crate::local) fn new(vocab: usize, values: Vec<f32>) -> Self {
        Self { vocab, values }
    }

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
pub(in crate::local) struct Span {
    pub(in crate::local) sequence: SequenceId,
    /// Its first row.
    pub(in crate::local) row: usize,
    /// Its number of rows.
    pub(in crate::local) count: usize,
    /// The position of its first token.
    pub(in crate::local) start: usize,
}

/// Checks the chunks and makes room for them.
pub(in crate::local) fn spans<S: BlockStorage>(
    config: &TransformerConfig,
    cache: &mut KvCache<S>,
    chunks: &[Chunk<'_>],
) -> Result<Vec<Span>, PassError> {
    let shape = cache.shape();
    let expected = [config.layers, config.kv_heads, config.head_dim];
    let got = [shape.layers, shape.kv_heads, shape.head_dim];
    if expected != got {
        return Err(PassError::Shape { expected, got });
    }
    let mut row = 0;
    let mut spans: Vec<Span> = Vec::with_capacity(chunks.len());
    let mut seen = std::collections::BTreeSet::new();
    for chunk in chunks {
        let sequence = chunk.sequence;
        let start = cache.len(sequence).ok_or(CacheError::Unknown(sequence))?;
        let count = chunk.tokens.len();
        if count == 0 {
            return Err(PassError::EmptyChunk(sequence));
        }
        if !seen.insert(sequence) {
            return Err(PassError::Twice(sequence));
        }
        let vocab = config.vocab_size;
        if let Some(token) = chunk.tokens.iter().find(|t| **t as usize >= vocab) {
            let token = *token;
            return Err(PassError::Token { token, vocab });
        }
        if start + count > config.context {
            return Err(PassError::TooLong {
                sequence,
                length: start + count,
                context: config.context,
            });
        }
        spans.push(Span {
            sequence,
            row,
            count,
            start,
        });
        row += count;
    }
    for span in &spans {
        cache.reserve(span.sequence, span.count)?;
    }
    Ok(spans)
}
