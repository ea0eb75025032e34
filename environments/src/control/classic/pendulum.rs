//! A pendulum with a weak motor.

use std::f64::consts::PI;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::control::actions::Actions;
use crate::control::dynamics::{Dynamics, Moved};
use crate::control::settings::{check_count, check_not_negative, check_positive};
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// A pendulum is swung up and held there by a motor in its hinge.
///
/// State: angle `th` from upright, angular speed `w`. With the torque `u`, cut to its bounds:
///
/// ```text
/// reward = -(norm(th)^2 + 0.1 w^2 + 0.001 u^2)         before the step
/// w'     = w + (3 g / (2 l) sin th + 3 / (m l^2) u) dt    cut to its bounds
/// th'    = th + w' dt
/// ```
///
/// where `norm` brings an angle to [-pi, pi). The angle itself is not brought there. Seen are the cosine
/// and the sine of the angle, and `w`. It never ends by itself.
///
/// # Units
/// Metres, seconds, kilograms, newton metres, radians.
///
/// # Source
/// Trajectory card, section 7.1 (Pendulum-v1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pendulum {
    /// Gravity, `g`.
    pub gravity: f64,
    /// Mass, `m`.
    pub mass: f64,
    /// Length, `l`.
    pub length: f64,
    /// Length of a step, `dt`.
    pub dt_s: f64,
    /// Greatest torque.
    pub most_torque: f64,
    /// Greatest angular speed.
    pub most_speed: f64,
    /// Weight of the squared angular speed in the cost.
    pub speed_cost: f64,
    /// Weight of the squared torque in the cost.
    pub torque_cost: f64,
    /// The angle starts evenly spread over plus and minus this.
    pub start_angle: f64,
    /// The angular speed starts evenly spread over plus and minus this.
    pub start_speed: f64,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for Pendulum {
    fn default() -> Self {
        Self {
            gravity: 10.0,
            mass: 1.0,
            length: 1.0,
            dt_s: 0.05,
            most_torque: 2.0,
            most_speed: 8.0,
            speed_cost: 0.1,
            torque_cost: 0.001,
            start_angle: PI,
            start_speed: 1.0,
            step_limit: 200,
        }
    }
}

/// The angle in [-pi, pi) that is the same direction.
fn normalised(angle: f64) -> f64 {
    (angle + PI).rem_euclid(2.0 * PI) - PI
}

impl Dynamics for Pendulum {
    type State = [f64; 2];

    fn name(&self) -> &'static str {
        "pendulum"
    }

    fn rules(&self) -> &str {
        include_str!("pendulum.txt")
    }

    fn observed(&self) -> &'static [&'static str] {
        &[
            "cosine of the angle from upright",
            "sine of the angle from upright",
            "angular speed (rad/s)",
        ]
    }

    fn actions(&self) -> Actions {
        Actions::cube(1, -self.most_torque, self.most_torque)
    }

    fn step_limit(&self) -> u32 {
        self.step_limit
    }

    fn validate(&self) -> Result<(), EnvironmentError> {
        check_not_negative("gravity", self.gravity)?;
        check_positive("mass", self.mass)?;
        check_positive("length", self.length)?;
        check_positive("dt_s", self.dt_s)?;
        check_positive("most_torque", self.most_torque)?;
        check_positive("most_speed", self.most_speed)?;
        check_not_negative("speed_cost", self.speed_cost)?;
        check_not_negative("torque_cost", self.torque_cost)?;
        check_not_negative("start_angle", self.start_angle)?;
        check_not_negative("start_speed", self.start_speed)?;
        check_count("step_limit", self.step_limit as usize)
    }

    fn start(&self, key: StreamKey) -> [f64; 2] {
        let mut stream = key.open();
        let angle = stream.random_range(-self.start_angle..=self.start_angle);
        [
            angle,
            stream.random_range(-self.start_speed..=self.start_speed),
        ]
    }

    fn advance(&self, state: &mut [f64; 2], action: &[f64], _: StreamKey) -> Moved {
        let [angle, w] = *state;
        let torque = action.first().copied().unwrap_or(0.0);
        let torque = torque.clamp(-self.most_torque, self.most_torque);
        let from_upright = normalised(angle);
        let cost = from_upright * from_upright
            + self.speed_cost * w * w
            + self.torque_cost * torque * torque;
        let fall = 3.0 * self.gravity / (2.0 * self.length) * libm::sin(angle);
        let push = 3.0 / (self.mass * self.length * self.length) * torque;
        let w = (w + (fall + push) * self.dt_s).clamp(-self.most_speed, self.most_speed);
        *state = [angle + w * self.dt_s, w];
        Moved {
            reward: -cost,
            terminated: false,
        }
    }

    fn observe(&self, state: &[f64; 2], out: &mut [f32]) {
        let (sin, cos) = libm::sincos(state[0]);
        out.copy_from_slice(&[cos as f32, sin as f32, state[1] as f32]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_normalised_angle_is_the_same_direction(angle in -1e3..1e3_f64) {
            let short = normalised(angle);
            prop_assert!((-PI..PI).contains(&short));
            let turns = (angle - short) / (2.0 * PI);
            prop_assert!((turns - turns.round()).abs() < 1e-9, "{angle} became {short}");
        }
    }
}
