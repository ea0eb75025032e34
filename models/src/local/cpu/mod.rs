//! Inference on the CPU: kernels whose bits do not depend on the batch, the paged cache, the scheduler.

mod cache;
mod gguf;
#[expect(
    unsafe_code,
    reason = "vector instructions over raw memory; each kernel is tested against plain Rust"
)]
mod kernels;
mod model;
mod quantised;
mod scheduler;

pub use crate::kernels::{Level, PackedMatrix, Threads};
pub use cache::{
    BlockHash, BlockStorage, CacheCounters, CacheError, CacheShape, HostBlocks, KvCache, SequenceId,
};
pub use gguf::{Gguf, GgufError, GgufTokenizer, GgufWeights, read_gguf, write_gguf};
pub use model::{
    BuildError, Chunk, CpuModel, Inference, Linear, Logits, PassError, Wanted, WeightError,
    WeightSource, Weights,
};
pub(in crate::local) use model::{Span, spans};
pub use quantised::{BlockError, BlockFormat, Blocks, QuantiseError, QuantisedMatrix};
pub use scheduler::{Scheduler, SchedulerCounters, SchedulerOptions, StepError, SubmitError};
