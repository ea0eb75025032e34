//! Random numbers of single tokens.

use rand::{Rng, SeedableRng};
use rounds_environments::streams::{Purpose, Stream};

/// Key of the draws of one reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DrawKey {
    /// Seed of the sampling.
    pub seed: u64,
    /// Hash of the request's name, as [`crate::CallKey::digest`].
    pub request: u64,
}

impl DrawKey {
    /// The number in `0..1` for the token at `index` of the reply.
    ///
    /// # Determinism
    /// ChaCha8 with the key (seed, request, purpose) and the index as stream number.
    pub(super) fn unit(self, index: u64) -> f64 {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&self.request.to_le_bytes());
        key[16..24].copy_from_slice(&(Purpose::Model as u64).to_le_bytes());
        let mut stream = Stream::from_seed(key);
        stream.set_stream(index);
        // The 53 bits of a double's mantissa.
        (stream.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }
}
