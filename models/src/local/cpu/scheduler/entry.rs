//! One sequence of a scheduler.

use crate::local::cpu::cache::BlockHash;

/// A sequence: what it holds, and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Prompt and continuation so far.
    pub(super) tokens: Vec<u32>,
    /// Most tokens of both together.
    pub(super) limit: usize,
    /// Whether it holds blocks.
    pub(super) running: bool,
    /// Whether its prompt has run: what follows is decoding.
    pub(super) decoding: bool,
    /// Whether its logits have been returned and nobody has chosen a token yet.
    pub(super) asked: bool,
    /// Names of its full blocks, as of its admission.
    pub(super) hashes: Vec<BlockHash>,
}

impl Entry {
    pub(super) fn new(prompt: &[u32], limit: usize) -> Self {
        Self {
            tokens: prompt.to_vec(),
            limit,
            running: false,
            decoding: false,
            asked: false,
            hashes: Vec::new(),
        }
    }
}
