//! The tokens as the grammar library wants them: a tree of bytes.

use toktrie::{TokRxInfo, TokTrie, TokenId, TokenizerEnv};

use super::error::GrammarError;
use crate::local::text::tokenizer::Tokenizer;

pub(super) struct Vocabulary {
    trie: TokTrie,
    pieces: tokenizers::Tokenizer,
    canonical: bool,
}

impl Vocabulary {
    /// The tokens of `tokenizer`, of which `eos` end a reply.
    pub(super) fn new(tokenizer: &Tokenizer, eos: &[u32]) -> Result<Self, GrammarError> {
        let vocab = tokenizer.vocab_size();
        let first = *eos.first().ok_or(GrammarError::NoEos)?;
        if let Some(&token) = eos.iter().find(|token| **token as usize >= vocab) {
            return Err(GrammarError::UnknownEos { token, vocab });
        }
        let table = tokenizer.table();
        let words: Vec<Vec<u8>> = (0..vocab as u32)
            .map(|id| {
                let bytes = table.bytes(id).unwrap_or_default();
                if table.is_special(id) || eos.contains(&id) {
                    // No text holds this byte, so that no text allows the token.
                    [&[TokTrie::SPECIAL_TOKEN_MARKER], bytes].concat()
                } else {
                    bytes.to_vec()
                }
            })
            .collect();
        let info = TokRxInfo::new(vocab as u32, first);
        Ok(Self {
            trie: TokTrie::from(&info, &words).with_eos_tokens(eos),
            pieces: tokenizer.for_pieces()?,
            canonical: table.is_canonical(),
        })
    }
}

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.trie
    }

    fn tokenize_bytes(&self, bytes: &[u8]) -> Vec<TokenId> {
        if !self.canonical {
            return self.trie.greedy_tokenize(bytes);
        }
        self.trie.tokenize_with_greedy_fallback(bytes, |text| {
            match self.pieces.encode_fast(text, false) {
                Ok(encoding) => encoding.get_ids().to_vec(),
                Err(_) => self.trie.greedy_tokenize(text.as_bytes()),
            }
        })
    }

    fn tokenize_is_canonical(&self) -> bool {
        self.canonical
    }
}
