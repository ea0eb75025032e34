//! What acts in a control environment.

use std::fmt::Debug;
use std::sync::Arc;

use rand::RngExt;
use rounds_environments::control::{Actions, Space};
use rounds_environments::streams::{Stream, StreamKey};

use super::error::{CollectError, check};

/// Acts for many entities of a control environment at once.
///
/// What it does for a row depends on that row's observation and key alone, so company changes nothing.
pub trait Controller: Debug + Send + Sync {
    /// Checks its settings, and that it can act in an environment of this space.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming a setting that cannot be; [`CollectError::Unfit`] where it is made for other
    /// observations or actions.
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        let _ = space;
        Ok(())
    }

    /// Writes an action for each row, in the environment's own units.
    ///
    /// # Shapes
    /// `observations`: `[rows, observation]`, row by row; `keys`: `[rows]`, of purpose
    /// [`Policy`](rounds_environments::streams::Purpose::Policy), the round being the step from 1;
    /// `actions`: `[rows, action]`, row by row.
    fn act(&self, observations: &[f32], keys: &[StreamKey], actions: &mut [f64]);
}

impl<C: Controller + ?Sized> Controller for Arc<C> {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        (**self).fits(space)
    }

    fn act(&self, observations: &[f32], keys: &[StreamKey], actions: &mut [f64]) {
        (**self).act(observations, keys, actions);
    }
}

/// Acts for each row by a function of its observation.
///
/// # Shapes
/// Rows of `S` numbers seen and `A` done, as [`Controller::fits`] made sure of.
pub(super) fn each<const S: usize, const A: usize>(
    observations: &[f32],
    actions: &mut [f64],
    act: impl Fn([f64; S]) -> [f64; A],
) {
    let (seen, _) = observations.as_chunks::<S>();
    let (done, _) = actions.as_chunks_mut::<A>();
    for (seen, done) in seen.iter().zip(done) {
        *done = act(seen.map(f64::from));
    }
}

/// Checks that actions can be drawn evenly: at least one choice, or finite bounds in order.
pub(super) fn check_drawn(actions: &Actions) -> Result<(), CollectError> {
    match actions {
        Actions::Discrete { count } => check("actions", *count > 0, "at least one choice", count),
        Actions::Continuous { low, high } => {
            let bounds = low.iter().zip(high);
            let order = |(low, high): (&f64, &f64)| low <= high && (high - low).is_finite();
            let holds = !low.is_empty() && low.len() == high.len() && bounds.clone().all(order);
            let got = format!("{low:?} and {high:?}");
            check("actions", holds, "finite bounds, the lesser first", got)
        }
    }
}

/// Draws one action evenly.
pub(super) fn draw(actions: &Actions, stream: &mut Stream, out: &mut [f64]) {
    match actions {
        Actions::Discrete { count } => out.fill(f64::from(stream.random_range(0..*count))),
        Actions::Continuous { low, high } => {
            for ((out, low), high) in out.iter_mut().zip(low).zip(high) {
                *out = stream.random_range(*low..=*high);
            }
        }
    }
}

/// Acts evenly over all choices, or over all points within the bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct RandomController {
    actions: Actions,
}

impl RandomController {
    /// A controller of these actions.
    ///
    /// # Errors
    /// [`CollectError::Setting`] where there is nothing to draw from.
    pub fn new(actions: Actions) -> Result<Self, CollectError> {
        check_drawn(&actions)?;
        Ok(Self { actions })
    }
}

/// Refuses a space whose actions are not these.
pub(super) fn check_actions(
    controller: &'static str,
    space: &Space,
    actions: &Actions,
) -> Result<(), CollectError> {
    if space.actions == *actions {
        return Ok(());
    }
    Err(CollectError::Unfit {
        controller,
        expected: format!("actions {}", actions.schema()),
        environment: space.name,
        got: format!("actions {}", space.actions.schema()),
    })
}

impl Controller for RandomController {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        check_actions("random", space, &self.actions)
    }

    fn act(&self, _: &[f32], keys: &[StreamKey], actions: &mut [f64]) {
        let rows = actions.chunks_exact_mut(self.actions.size());
        for (key, row) in keys.iter().zip(rows) {
            draw(&self.actions, &mut key.open(), row);
        }
    }
}
