//! The sizes of a cache.

use crate::local::transformer::TransformerConfig;

/// The sizes of a [`KvCache`](super::KvCache).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheShape {
    /// Layers of the model.
    pub layers: usize,
    /// Heads of keys and values.
    pub kv_heads: usize,
    /// Width of a head.
    pub head_dim: usize,
    /// Tokens of a block; multiples of 16 are read in place, other sizes through a copy.
    pub block_size: usize,
    /// Blocks of the pool.
    pub blocks: usize,
}

impl CacheShape {
    /// A cache for a model with blocks of 16 tokens.
    pub fn of(config: &TransformerConfig, blocks: usize) -> Self {
        Self {
            layers: config.layers,
            kv_heads: config.kv_heads,
            head_dim: config.head_dim,
            block_size: 16,
            blocks,
        }
    }

    /// Floats of one block's keys (or values) in one layer.
    pub(super) fn block_floats(&self) -> usize {
        self.kv_heads * self.head_dim * self.block_size
    }

    /// Memory of the pool's keys and values, in bytes.
    pub fn bytes(&self) -> u64 {
        2 * 4 * self.layers as u64 * self.blocks as u64 * self.block_floats() as u64
    }

    /// Blocks that hold so many tokens.
    pub fn blocks_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.block_size)
    }

    /// Most tokens of one sequence.
    pub fn capacity(&self) -> usize {
        self.blocks * self.block_size
    }
}
