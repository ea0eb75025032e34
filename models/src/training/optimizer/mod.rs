//! Rules that turn gradients into new values.

mod adamw;
mod sgd;

pub use adamw::{AdamW, AdamWConfig};
pub use sgd::{Sgd, SgdConfig};

use super::{Gradients, Groups, ParameterSet, State, TrainError};

/// A rule that turns gradients into new values.
pub trait Optimizer: Send {
    /// Changes all parameters that have a gradient.
    ///
    /// `rate` is the learning rate of this step; each group's factor and decay come on top.
    ///
    /// # Errors
    /// When a parameter cannot be changed.
    fn step(
        &mut self,
        parameters: &ParameterSet,
        gradients: &Gradients,
        groups: &Groups,
        rate: f64,
    ) -> Result<(), TrainError>;

    /// What the rule remembers, for a checkpoint.
    fn state(&self) -> State;

    /// Restores what [`Optimizer::state`] gave.
    ///
    /// # Errors
    /// A sentence of what does not fit.
    fn load(&mut self, parameters: &ParameterSet, state: &State) -> Result<(), String>;

    /// Numbers remembered per element of a parameter, to estimate memory.
    fn slots(&self) -> usize;
}
