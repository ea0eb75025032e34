//! The policy that is learnt.

use rounds_environments::control::data::ActionMap;
use rounds_environments::control::{Actions, Space};
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use crate::trajectory::controller::Controller;
use crate::trajectory::error::{CollectError, check, check_sizes};

/// Acts by `clip(W ((s - mean) scale), -1, 1)`, brought to the bounds of the environment.
///
/// Its numbers are in single precision, so that they are the same after a file of text.
///
/// # Shapes
/// `mean`, `scale`: `[observation]`; `weights`: `[action, observation]`, row by row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinearController {
    /// What is taken from an observation.
    pub mean: Vec<f32>,
    /// What the rest is multiplied with: one over the deviation.
    pub scale: Vec<f32>,
    /// The weights, `W`.
    pub weights: Vec<f32>,
    /// The bounds of the environment.
    pub bounds: ActionMap,
}

impl LinearController {
    /// Checks that the sizes fit together and all numbers are finite.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming what does not fit.
    pub fn validate(&self) -> Result<(), CollectError> {
        let (seen, done) = (self.mean.len(), self.bounds.low.len());
        check("mean", seen > 0, "at least one number", seen)?;
        check("bounds", done > 0, "at least one dimension", done)?;
        self.bounds.validate(done)?;
        for (key, numbers, expected) in [
            ("mean", &self.mean, seen),
            ("scale", &self.scale, seen),
            ("weights", &self.weights, seen * done),
        ] {
            let got = numbers.len();
            check(key, got == expected, format!("{expected} numbers"), got)?;
            if let Some(bad) = numbers.iter().find(|number| !number.is_finite()) {
                check(key, false, "finite numbers", bad)?;
            }
        }
        Ok(())
    }
}

/// Bounds of the actions of a space.
///
/// # Errors
/// [`CollectError::Setting`] where there are choices instead.
pub(super) fn bounds(space: &Space) -> Result<ActionMap, CollectError> {
    let points = matches!(space.actions, Actions::Continuous { .. });
    let got = format!("choices in {}", space.name);
    check("environment", points, "actions with bounds", got)?;
    let map = ActionMap::of(&space.actions);
    map.validate(space.action_size())?;
    Ok(map)
}

/// `clip(W x, -1, 1)` for one observation.
///
/// # Shapes
/// `weights`: `[action, observation]`; `seen`: `[observation]`; `action`: `[action]`.
pub(super) fn act(
    weights: impl Iterator<Item = f64>,
    seen: impl Iterator<Item = f64> + Clone,
    action: &mut [f64],
) {
    let mut weights = weights;
    for number in action {
        let sum: f64 = seen.clone().zip(&mut weights).map(|(x, w)| x * w).sum();
        *number = sum.clamp(-1.0, 1.0);
    }
}

impl Controller for LinearController {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_sizes(
            "a linear policy",
            space,
            self.mean.len(),
            self.bounds.low.len(),
        )
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        let seen = observations.chunks_exact(self.mean.len().max(1));
        let done = actions.chunks_exact_mut(self.bounds.low.len().max(1));
        for (seen, action) in seen.zip(done) {
            let numbers = seen.iter().zip(&self.mean).zip(&self.scale);
            let whitened = numbers.map(|((number, mean), scale)| {
                (f64::from(*number) - f64::from(*mean)) * f64::from(*scale)
            });
            act(self.weights.iter().map(|w| f64::from(*w)), whitened, action);
        }
        self.bounds.to_environment(actions);
    }
}
