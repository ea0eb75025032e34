//! The pendulum: energy first, then a controller around upright.

use rounds_environments::control::Space;
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check_gains, check_sizes, check_within};

/// Swings the pendulum up by pumping energy, and holds it there.
///
/// With the angle `th` from upright and the angular speed `w`:
///
/// ```text
/// E = speed_energy w^2 + height_energy (cos th - 1)        0 at rest upright
/// u = -most_torque sign(E w)                               farther than `near` from upright
///     clip(-(angle_gain th + speed_gain w))                nearer
/// ```
///
/// Deviation: at a standstill the sign is 1 where the source's is 0, else a pendulum that hangs still would
/// never move.
///
/// # Units
/// Radians, seconds, newton metres.
///
/// # Source
/// Trajectory card, section 8.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PendulumExpert {
    /// Energy of a squared angular speed of 1: a sixth of `m l^2`.
    pub speed_energy: f64,
    /// Energy of a height of 1 above the axis: half of `m g l`.
    pub height_energy: f64,
    /// Greatest torque.
    pub most_torque: f64,
    /// The angle from upright at which it begins to hold.
    pub near: f64,
    /// Torque for an angle of 1.
    pub angle_gain: f64,
    /// Torque for an angular speed of 1.
    pub speed_gain: f64,
}

impl Default for PendulumExpert {
    fn default() -> Self {
        Self {
            speed_energy: 1.0 / 6.0,
            height_energy: 5.0,
            most_torque: 2.0,
            near: 0.35,
            angle_gain: 12.0,
            speed_gain: 3.0,
        }
    }
}

impl PendulumExpert {
    /// Checks the constants.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the constant.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_within("most_torque", self.most_torque, 0.0, 1e9)?;
        check_within("near", self.near, 0.0, std::f64::consts::PI)?;
        check_gains(&[
            ("speed_energy", self.speed_energy),
            ("height_energy", self.height_energy),
            ("angle_gain", self.angle_gain),
            ("speed_gain", self.speed_gain),
        ])
    }
}

impl Controller for PendulumExpert {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_sizes("the expert of pendulum", space, 3, 1)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        each(observations, actions, |[cos, sin, w]| {
            let angle = libm::atan2(sin, cos);
            let torque = match angle.abs() < self.near {
                true => -(self.angle_gain * angle + self.speed_gain * w),
                false => {
                    let energy = self.speed_energy * w * w + self.height_energy * (cos - 1.0);
                    match energy * w > 0.0 {
                        true => -self.most_torque,
                        false => self.most_torque,
                    }
                }
            };
            [torque.max(-self.most_torque).min(self.most_torque)]
        });
    }
}
