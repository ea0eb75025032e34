//! Kernels whose bits do not depend on the batch, the threads or the vector width.

mod buffer;
mod convolution;
mod dropout;
mod elementwise;
mod exponential;
mod lanes;
#[cfg(target_arch = "x86_64")]
mod lanes_avx2;
#[cfg(target_arch = "x86_64")]
mod lanes_avx512;
mod lanes_portable;
mod layer_norm;
mod level;
mod packed;
mod panels;
mod product;
mod shares;
mod target;
mod threads;
mod tile;

pub(crate) use buffer::{Buffer, stride};
pub(crate) use convolution::{filter, filter_backward};
pub(crate) use dropout::Dropout;
pub(crate) use elementwise::{Pass, add_rows, add_scaled, dots, pass, pass_row, scale_columns};
#[cfg(feature = "local")]
pub(crate) use exponential::{exp, tanh};
pub(crate) use lanes::LANES;
#[cfg(feature = "local")]
pub(crate) use lanes::Lanes;
#[cfg(target_arch = "x86_64")]
pub(crate) use lanes_avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use lanes_avx512::Avx512;
pub(crate) use lanes_portable::Portable;
pub(crate) use layer_norm::{Grid, layer_norm, layer_norm_backward};
pub use level::Level;
pub(crate) use level::Set;
#[cfg(feature = "local")]
pub(crate) use level::{at_level, is_wide};
pub use packed::PackedMatrix;
pub(crate) use panels::{Panels, turn};
pub(crate) use product::{Columns, Rows, Sizes, Start, multiply};
pub(crate) use shares::{softmax_prefixes, softmax_prefixes_backward};
#[cfg(feature = "local")]
pub(crate) use target::Target;
#[cfg(feature = "local")]
pub(crate) use threads::Shared;
pub use threads::Threads;
