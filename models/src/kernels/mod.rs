//! Kernels whose bits do not depend on the batch, the threads or the vector width.

mod exponential;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
mod lanes_avx512;
mod lanes_portable;
mod level;
mod packed;
mod target;
mod threads;
mod tile;

pub(crate) use exponential::{exp, tanh};
pub(crate) use lanes::{LANES, Lanes};
#[cfg(target_arch = "x86_64")]
pub(crate) use lanes_avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use lanes_avx512::Avx512;
pub(crate) use lanes_portable::Portable;
pub use level::Level;
#[cfg(feature = "local")]
pub(crate) use level::is_wide;
pub(crate) use level::{Set, at_level};
pub use packed::PackedMatrix;
#[cfg(feature = "local")]
pub(crate) use target::Target;
#[cfg(feature = "local")]
pub(crate) use threads::Shared;
pub use threads::Threads;
