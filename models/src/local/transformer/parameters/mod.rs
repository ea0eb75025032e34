//! The trainable tensors of a transformer, by name and in a fixed order.

mod initial;
mod set;

pub use initial::Initial;
pub use set::{ParameterError, Parameters};
