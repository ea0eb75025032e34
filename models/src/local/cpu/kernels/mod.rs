//! Kernels whose bits do not depend on the batch, the threads or the vector width.

mod attention;
mod attention_rows;
mod exponential;
mod lanes;
#[cfg(target_arch = "x86_64")]
pub(super) mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
pub(super) mod lanes_avx512;
pub(super) mod lanes_portable;
pub(super) mod level;
mod packed;
mod rotary;
mod rows;
mod target;
mod threads;
mod tile;

pub(super) use attention::{Attention, QUERIES, QueryRow, Stretch16, attend};
pub(super) use lanes::{LANES, Lanes};
pub use level::Level;
pub(super) use level::{at_level, is_wide};
pub use packed::PackedMatrix;
pub(super) use rotary::Rotary;
pub(super) use rows::{Gate, gated, rms_norm, rotate, softcap};
pub(super) use target::Target;
pub(super) use threads::Shared;
pub use threads::Threads;
