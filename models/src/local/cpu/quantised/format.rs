//! The block formats.

/// A format of quantised weights, as GGUF files name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockFormat {
    /// 32 codes of 4 bits with one scale: `d (q - 8)`.
    Q4_0,
    /// 32 codes of 8 bits with one scale: `d q`.
    Q8_0,
    /// 256 codes of 4 bits; each 32 have a scale and a minimum of 6 bits: `d s q - e m`.
    Q4K,
    /// 256 codes of 6 bits; each 16 have a scale of 8 bits: `d s (q - 32)`.
    Q6K,
}

impl BlockFormat {
    /// All formats.
    pub const ALL: [Self; 4] = [Self::Q4_0, Self::Q8_0, Self::Q4K, Self::Q6K];

    /// The name in GGUF files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Q4_0 => "Q4_0",
            Self::Q8_0 => "Q8_0",
            Self::Q4K => "Q4_K",
            Self::Q6K => "Q6_K",
        }
    }

    /// Weights of a block.
    pub fn block_weights(self) -> usize {
        match self {
            Self::Q4_0 | Self::Q8_0 => 32,
            Self::Q4K | Self::Q6K => 256,
        }
    }

    /// Bytes of a block.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::Q4_0 => 18,
            Self::Q8_0 => 34,
            Self::Q4K => 144,
            Self::Q6K => 210,
        }
    }
}
