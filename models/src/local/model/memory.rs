//! What a model will take, said before it is loaded.

use std::fmt;

use super::error::LocalError;
use super::options::LocalOptions;
use crate::local::transformer::TransformerConfig;

/// What a model will take, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryEstimate {
    /// The weights.
    pub weights: u64,
    /// Keys and values of [`MemoryEstimate::cache_tokens`] tokens.
    pub cache: u64,
    /// Tokens whose keys and values are held.
    pub cache_tokens: usize,
    /// What may be taken, where it is known.
    pub available: Option<u64>,
}

impl MemoryEstimate {
    /// The estimate for a model whose weights take `weights` bytes, and whose keys and values are elements of
    /// `element` bytes, where `free` bytes are free.
    pub fn new(
        config: &TransformerConfig,
        weights: u64,
        element: usize,
        free: Option<u64>,
        options: &LocalOptions,
    ) -> Self {
        let context = context_of(config, options);
        let block = options.block_tokens.max(1);
        let token = config.kv_bytes_per_token(element).max(1);
        let available = options.memory_bytes.or(free);
        let useful = options.sequences.max(1).saturating_mul(context + block);
        let fitting = available.map_or(usize::MAX, |bytes| {
            let quarter = bytes.saturating_sub(weights) / 4 / token;
            usize::try_from(quarter).unwrap_or(usize::MAX)
        });
        // One sequence of full length must have room, or nothing can be promised to a request.
        let tokens = options
            .cache_tokens
            .unwrap_or_else(|| useful.min(fitting))
            .max(context)
            .next_multiple_of(block);
        Self {
            weights,
            cache: token.saturating_mul(tokens as u64),
            cache_tokens: tokens,
            available,
        }
    }

    /// Refuses what does not fit.
    ///
    /// # Errors
    /// [`LocalError::Memory`] with the figures.
    pub fn check(&self) -> Result<(), LocalError> {
        match self.available {
            Some(available) if self.weights.saturating_add(self.cache) > available => {
                Err(LocalError::Memory(*self))
            }
            _ => Ok(()),
        }
    }
}

/// Most tokens of a prompt with its reply.
pub(super) fn context_of(config: &TransformerConfig, options: &LocalOptions) -> usize {
    let asked = options.context.unwrap_or(usize::MAX);
    asked.min(config.context).max(1)
}

impl fmt::Display for MemoryEstimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
        write!(
            f,
            "{:.0} MiB for weights and {:.0} MiB for keys and values of {} tokens",
            mib(self.weights),
            mib(self.cache),
            self.cache_tokens
        )?;
        match self.available {
            Some(bytes) => write!(f, ", of {:.0} MiB that are free", mib(bytes)),
            None => Ok(()),
        }
    }
}
