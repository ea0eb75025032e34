//! What an engine knows of its tokens.

use std::sync::Arc;

use crate::local::text::{Grammar, GrammarError, TokenMask, TokenTable, Tokenizer};

/// What an engine knows of its tokens.
#[derive(Debug)]
pub struct Vocabulary {
    pub(super) table: Arc<TokenTable>,
    pub(super) allowed: Arc<TokenMask>,
    pub(super) eos: Vec<u32>,
    pub(super) grammars: Grammar,
}

impl Vocabulary {
    /// The tokens of `tokenizer`, of which `allowed` may be drawn and `eos` end a reply.
    ///
    /// # Errors
    /// [`GrammarError`] when the tokens cannot be put into a trie.
    pub fn new(
        tokenizer: &Tokenizer,
        allowed: TokenMask,
        eos: &[u32],
    ) -> Result<Self, GrammarError> {
        Ok(Self {
            table: Arc::clone(tokenizer.table()),
            allowed: Arc::new(allowed),
            eos: eos.to_vec(),
            grammars: Grammar::new(tokenizer, eos)?,
        })
    }
}
