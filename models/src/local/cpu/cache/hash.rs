//! Names of full blocks: a hash over everything before their end.

use sha2::{Digest, Sha256};

/// The SHA-256 hash of a cache's salt and all tokens up to the end of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockHash([u8; 32]);

impl BlockHash {
    /// The beginning of a chain: the salt tells models and adapters apart.
    pub(super) fn root(salt: &[u8]) -> Self {
        Self(Sha256::digest(salt).into())
    }

    /// The hash of the block that follows with these tokens.
    pub(super) fn next(self, tokens: &[u32]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(self.0);
        for token in tokens {
            hasher.update(token.to_le_bytes());
        }
        Self(hasher.finalize().into())
    }
}
