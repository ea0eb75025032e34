//! Language models of one's own machine (feature `local`).
//!
//! [`transformer`] is one Llama-like architecture with a differentiable forward pass, which loads and
//! saves Hugging Face folders; [`text`] turns conversations into token ids and logits into
//! replies; [`cpu`] holds batch-invariant kernels and a paged cache for inference; [`device`] runs the same
//! models on graphics processors.

pub use candle_core::Device;

pub mod cpu;
pub mod device;
pub mod engine;
pub mod model;
pub mod text;
pub mod transformer;
