//! The point mass: proportional and derivative gains.

use rounds_environments::control::Space;
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check_gains, check_sizes};

/// Pushes with `clip(place_gain p + speed_gain v)`.
///
/// # Source
/// Trajectory card, section 12.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PointMassExpert {
    /// Weight of the place.
    pub place_gain: f64,
    /// Weight of the velocity.
    pub speed_gain: f64,
}

impl Default for PointMassExpert {
    fn default() -> Self {
        Self {
            place_gain: -2.0,
            speed_gain: -1.5,
        }
    }
}

impl PointMassExpert {
    /// Checks the gains.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the gain.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_gains(&[
            ("place_gain", self.place_gain),
            ("speed_gain", self.speed_gain),
        ])
    }
}

impl Controller for PointMassExpert {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_sizes("the expert of point-mass", space, 4, 2)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        each(observations, actions, |[x, y, vx, vy]| {
            [(x, vx), (y, vy)]
                .map(|(p, v)| (self.place_gain * p + self.speed_gain * v).clamp(-1.0, 1.0))
        });
    }
}
