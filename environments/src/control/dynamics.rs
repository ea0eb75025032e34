//! What a system is: its equations.

use std::fmt::Debug;

use super::actions::Actions;
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// What a step of one system did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moved {
    /// Reward of the step.
    pub reward: f64,
    /// The system came to an end of its own.
    pub terminated: bool,
}

/// The equations of one kind of system. The value holds the constants; many systems share it.
///
/// Nothing here knows of limits on steps, of other systems or of episodes.
pub trait Dynamics: Debug + Send + Sync + 'static {
    /// State of one system, in double precision.
    type State: Debug + Copy + PartialEq + Send + Sync + 'static;

    /// Name of the kind, as scenarios and data sets write it.
    fn name(&self) -> &'static str;

    /// What the system is and what is wanted, for one who knows this text alone.
    fn rules(&self) -> &str;

    /// The numbers of an observation, in order, with their units.
    fn observed(&self) -> &'static [&'static str];

    /// What can be done.
    fn actions(&self) -> Actions;

    /// Steps after which an episode is cut.
    fn step_limit(&self) -> u32;

    /// Minutes that a step takes, or 1 where steps are the only time.
    fn minutes(&self) -> f64 {
        1.0
    }

    /// Checks the constants.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the constant.
    fn validate(&self) -> Result<(), EnvironmentError>;

    /// Where a system starts, drawn from the stream of `key` alone.
    fn start(&self, key: StreamKey) -> Self::State;

    /// One step. `action` was found to have no [fault](Actions::fault); what the step draws comes from
    /// the stream of `key`, which is another one in each step.
    fn advance(&self, state: &mut Self::State, action: &[f64], key: StreamKey) -> Moved;

    /// Writes what is seen of a state.
    ///
    /// # Shapes
    /// `out`: as many numbers as [`Dynamics::observed`] has names.
    fn observe(&self, state: &Self::State, out: &mut [f32]);

    /// Further figures of an ended or running episode, by name.
    fn figures(&self, state: &Self::State) -> Vec<(&'static str, f64)> {
        let _ = state;
        Vec::new()
    }
}
