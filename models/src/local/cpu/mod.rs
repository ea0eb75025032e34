//! Inference on the CPU: kernels whose bits do not depend on the batch, the paged cache, the scheduler.

mod cache;
#[expect(
    unsafe_code,
    reason = "vector instructions over raw memory; each kernel is tested against plain Rust"
)]
mod kernels;

pub use cache::{BlockHash, CacheCounters, CacheError, CacheShape, KvCache, SequenceId};
pub use kernels::{Level, PackedMatrix, Threads};
