//! What programs are made of: each operation knows its way forward and its way back.

mod arranged;
mod attention;
mod attention_backward;
mod convolution;
mod embedding;
mod linear;
mod norm;
mod relations;
mod sums;

use std::fmt::Debug;

pub(super) use arranged::{Arranged, Arrangement};
pub(super) use attention::{Attention, Part, Seen};
pub(super) use convolution::Convolution;
pub(super) use embedding::{Embedding, States};
pub(super) use linear::{Bias, Linear, Unit};
pub(super) use norm::Norm;
pub(super) use sums::{Added, Residual, Temporal};

use super::program::Value;
use super::run::{Backward, Frame};

/// An operation of a program.
pub(super) trait Operation: Debug + Send + Sync {
    /// The values it reads.
    fn reads(&self) -> Vec<Value>;

    /// The value it makes.
    fn makes(&self) -> Value;

    /// The values that its way back reads.
    fn needs(&self) -> Vec<Value>;

    /// Makes the value.
    fn forward(&self, frame: &mut Frame<'_>);

    /// Adds the gradients of what it reads and of its parameters, given that of what it made. Values that have no
    /// gradient did not matter.
    fn backward(&self, back: &mut Backward<'_>);
}
