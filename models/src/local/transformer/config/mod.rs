//! What a Llama-like transformer looks like, read from and written to Hugging Face's `config.json`.
//!
//! Published checkpoints and those of transformers 5 spell the same things differently
//! (`rope_theta` and `rope_scaling` against `rope_parameters`, window switches against
//! `layer_types`). [`TransformerConfig`] is the one form that the rest of the crate knows: both
//! spellings of one model read as equal configurations.

mod definition;
mod error;
pub(crate) mod fields;
mod reading;
mod shapes;
mod validation;
mod writing;

pub use definition::{Activation, Architecture, AttentionMask, RopeScaling, TransformerConfig};
pub use error::ConfigError;
