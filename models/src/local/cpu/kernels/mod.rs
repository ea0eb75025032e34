//! Kernels of language models: attention over a cache, gates, norms, rotation, integers of quantised products.

mod attention;
mod attention_rows;
mod integers;
#[cfg(target_arch = "x86_64")]
mod integers_avx2;
#[cfg(target_arch = "x86_64")]
mod integers_avx512;
mod rotary;
mod rows;

pub(super) use attention::{Attention, QUERIES, QueryRow, Stretch16, attend};
pub(super) use integers::IntegerLanes;
pub(super) use rotary::Rotary;
pub(super) use rows::{Gate, gated, rms_norm, rotate, softcap};
