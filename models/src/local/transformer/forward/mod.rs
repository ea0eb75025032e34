//! The differentiable forward pass.
//!
//! [`Transformer`] knows the arithmetic, a [`Weights`] the numbers: [`Parameters`] themselves, or
//! something around them that substitutes tensors ([`Substituted`]) or adapts linear layers.
//! Every operation here has a backward pass; fused operations of candle-nn have none and
//! are not used.
//!
//! [`Parameters`]: super::Parameters

mod attention;
mod batch;
mod branches;
mod error;
mod fused;
mod geometry;
mod model;
mod pass;
mod primitive;
mod weights;

pub use batch::TokenBatch;
pub use branches::Branch;
pub use error::ForwardError;
pub use model::{Arithmetic, Transformer};
pub use weights::{Frozen, Substituted, Weights};
