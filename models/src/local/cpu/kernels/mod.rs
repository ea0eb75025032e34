//! Kernels whose bits do not depend on the batch, the threads or the vector width.

mod lanes;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
mod lanes_avx512;
mod lanes_portable;
mod level;
mod packed;
mod threads;
mod tile;

pub use level::Level;
pub use packed::PackedMatrix;
pub use threads::Threads;
