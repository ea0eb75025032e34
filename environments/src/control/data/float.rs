//! The precision of a training batch.

use std::fmt::Debug;

/// Single or double precision.
pub trait Float: Debug + Copy + PartialEq + Send + Sync + 'static {
    /// The nearest number of this precision.
    fn nearest(number: f64) -> Self;

    /// The number in double precision.
    fn wide(self) -> f64;
}

impl Float for f32 {
    fn nearest(number: f64) -> Self {
        number as f32
    }

    fn wide(self) -> f64 {
        f64::from(self)
    }
}

impl Float for f64 {
    fn nearest(number: f64) -> Self {
        number
    }

    fn wide(self) -> f64 {
        self
    }
}
