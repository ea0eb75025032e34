//! The forward pass over packed ragged rows and the paged cache.

#[expect(
    unsafe_code,
    reason = "the attention kernel reads the cache's blocks in place"
)]
mod attention;
mod build;
mod chunks;
mod error;
mod linear;
mod parameters;
mod pass;
mod weights;
mod workspace;

pub use build::BuildError;
pub use chunks::{Chunk, Inference, Logits, Wanted};
pub(in crate::local) use chunks::{Span, spans};
pub use error::PassError;
pub use linear::Linear;
pub use pass::CpuModel;
pub use weights::{WeightError, WeightSource, Weights};
