//! Fused operations of the forward pass on the CPU in f32, each with a backward pass of its own.
//!
//! Candle's graph makes a tensor for every small step and adds up gradients by copies. Here a whole
//! block is one operation ([`BlockOp`]); so are attention ([`AttentionOp`]), the gate ([`GateOp`]) and
//! the norm ([`NormOp`]), for blocks with adapters, and the likelihood of target tokens
//! ([`LikelihoodOp`]), which never holds all logits. Every sum has an order that depends on
//! shapes alone, so results do not depend on the number of threads.

mod attention;
mod block;
mod block_backward;
mod gate;
mod layout;
mod likelihood;
mod norm;
mod pieces;
mod products;
mod rotation;
mod rows;
mod slices;
mod span;

pub(super) use block::BlockOp;
pub(super) use gate::covers;
pub(super) use layout::Layout;
pub(super) use likelihood::LikelihoodOp;
pub(super) use norm::NormOp;
pub(super) use pieces::{AttentionOp, GateOp};
pub(super) use rotation::Rotation;
pub(super) use span::Visibility;
