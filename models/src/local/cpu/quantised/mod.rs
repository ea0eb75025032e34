//! Matrices of few bits a weight, in the block formats of GGUF files, and their products.
//!
//! Rows are quantised to 8 bits in blocks of 32 as well, so that the products are those of
//! integers: exact, and equal on all processors. The floats that scale them add up in the order
//! of the blocks; so, as with floats, the bits of a result depend on its row alone.
//!
//! Deviation: llama.cpp quantises rows in blocks of 256 for the K formats; blocks of 32 are closer
//! to the floats.

mod activations;
mod blocks;
mod format;
mod matrix;
mod quantising;
#[expect(
    unsafe_code,
    reason = "vector instructions over packed bytes; tested against the definition"
)]
mod tile;

pub use blocks::{BlockError, Blocks};
pub use format::BlockFormat;
pub use matrix::QuantisedMatrix;
pub use quantising::QuantiseError;
