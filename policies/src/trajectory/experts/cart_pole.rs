//! The pole on a cart: the sign of a linear function.

use rounds_environments::control::Space;
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check_gains, check_sizes};

/// Pushes right where the weighted sum of what is seen is above 0, else left.
///
/// The weights of the cart are small and of the same sign as those of the pole: the cart is brought back to the
/// middle by letting the pole lean there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CartPoleExpert {
    /// Weight of the position of the cart.
    pub place_gain: f64,
    /// Weight of its speed.
    pub speed_gain: f64,
    /// Weight of the angle of the pole.
    pub angle_gain: f64,
    /// Weight of its angular speed.
    pub turn_gain: f64,
}

impl Default for CartPoleExpert {
    fn default() -> Self {
        Self {
            place_gain: 0.5,
            speed_gain: 1.0,
            angle_gain: 10.0,
            turn_gain: 2.0,
        }
    }
}

impl CartPoleExpert {
    /// Checks the gains.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the gain.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_gains(&[
            ("place_gain", self.place_gain),
            ("speed_gain", self.speed_gain),
            ("angle_gain", self.angle_gain),
            ("turn_gain", self.turn_gain),
        ])
    }
}

impl Controller for CartPoleExpert {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_sizes("the expert of cart-pole", space, 4, 1)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        each(observations, actions, |[x, v, angle, w]| {
            let cart = self.place_gain * x + self.speed_gain * v;
            let pole = self.angle_gain * angle + self.turn_gain * w;
            [f64::from(u8::from(cart + pole > 0.0))]
        });
    }
}
