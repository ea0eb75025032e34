//! Inference on candle tensors of any device: graphics processors, in f32, bf16 or f16.
//!
//! The scheduler, the block tables and prefix sharing are those of the [`cpu`](super::cpu); only the keys and
//! values of a layer are tensors of the device. Weights, products, keys and values have the chosen
//! type; the residual stream, norms, rotations, soft-caps, softmax and logits are f32.
//!
//! # Determinism
//! The libraries choose how a product is summed by its sizes, so the last bits of logits may depend on what
//! else is in a pass, on chunks and on shared prefixes, on any device.

mod attention;
mod blocks;
mod build;
mod choice;
mod model;
mod plan;

pub use blocks::DeviceBlocks;
pub(crate) use choice::free_bytes;
pub use choice::{ChoiceError, ComputeDevice, Precision};
pub use model::DeviceModel;
