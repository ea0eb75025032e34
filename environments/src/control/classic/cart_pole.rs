//! A pole on a cart.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::control::actions::Actions;
use crate::control::dynamics::{Dynamics, Moved};
use crate::control::settings::{check_count, check_not_negative, check_positive};
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// A cart on a track is pushed left (0) or right (1) so that the pole on it stays up.
///
/// State: position `x`, speed `v`, angle `th` of the pole from upright, angular speed `w`. With the push
/// `F`, masses `m_c` and `m_p`, half the length of the pole `l`:
///
/// ```text
/// p    = (F + m_p l w^2 sin th) / (m_c + m_p)
/// w'   = (g sin th - cos th p) / (l (4/3 - m_p cos^2 th / (m_c + m_p)))
/// v'   = p - m_p l w' cos th / (m_c + m_p)
/// ```
///
/// Each of the four moves by `tau` times its derivative as it was. Every step earns 1, the last too.
///
/// # Units
/// Metres, seconds, kilograms, newtons, radians.
///
/// # Source
/// Trajectory card, section 7.1 (CartPole-v1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CartPole {
    /// Gravity, `g`.
    pub gravity: f64,
    /// Mass of the cart, `m_c`.
    pub cart_mass: f64,
    /// Mass of the pole, `m_p`.
    pub pole_mass: f64,
    /// Half the length of the pole, `l`.
    pub half_length: f64,
    /// Strength of a push, `|F|`.
    pub force: f64,
    /// Length of a step, `tau`.
    pub dt_s: f64,
    /// The episode ends when the cart is farther from the middle.
    pub most_x: f64,
    /// The episode ends when the pole leans more.
    pub most_angle: f64,
    /// All four start evenly spread over plus and minus this.
    pub start: f64,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for CartPole {
    fn default() -> Self {
        Self {
            gravity: 9.8,
            cart_mass: 1.0,
            pole_mass: 0.1,
            half_length: 0.5,
            force: 10.0,
            dt_s: 0.02,
            most_x: 2.4,
            most_angle: 12.0_f64.to_radians(),
            start: 0.05,
            step_limit: 500,
        }
    }
}

impl Dynamics for CartPole {
    type State = [f64; 4];

    fn name(&self) -> &'static str {
        "cart-pole"
    }

    fn rules(&self) -> &str {
        include_str!("cart_pole.txt")
    }

    fn observed(&self) -> &'static [&'static str] {
        &[
            "position of the cart (m)",
            "speed of the cart (m/s)",
            "angle of the pole from upright (rad)",
            "angular speed of the pole (rad/s)",
        ]
    }

    fn actions(&self) -> Actions {
        Actions::Discrete { count: 2 }
    }

    fn step_limit(&self) -> u32 {
        self.step_limit
    }

    fn validate(&self) -> Result<(), EnvironmentError> {
        check_not_negative("gravity", self.gravity)?;
        check_positive("cart_mass", self.cart_mass)?;
        check_positive("pole_mass", self.pole_mass)?;
        check_positive("half_length", self.half_length)?;
        check_not_negative("force", self.force)?;
        check_positive("dt_s", self.dt_s)?;
        check_positive("most_x", self.most_x)?;
        check_positive("most_angle", self.most_angle)?;
        check_not_negative("start", self.start)?;
        check_count("step_limit", self.step_limit as usize)
    }

    fn start(&self, key: StreamKey) -> [f64; 4] {
        let mut stream = key.open();
        std::array::from_fn(|_| stream.random_range(-self.start..=self.start))
    }

    fn advance(&self, state: &mut [f64; 4], action: &[f64], _: StreamKey) -> Moved {
        let [x, v, angle, w] = *state;
        let force = match action {
            [choice] if *choice > 0.0 => self.force,
            _ => -self.force,
        };
        let (sin, cos) = libm::sincos(angle);
        let mass = self.cart_mass + self.pole_mass;
        let moment = self.pole_mass * self.half_length;
        let pushed = (force + moment * w * w * sin) / mass;
        let inertia = self.half_length * (4.0 / 3.0 - self.pole_mass * cos * cos / mass);
        let turned = (self.gravity * sin - cos * pushed) / inertia;
        let moved = pushed - moment * turned * cos / mass;
        *state = [
            x + self.dt_s * v,
            v + self.dt_s * moved,
            angle + self.dt_s * w,
            w + self.dt_s * turned,
        ];
        Moved {
            reward: 1.0,
            terminated: state[0].abs() > self.most_x || state[2].abs() > self.most_angle,
        }
    }

    fn observe(&self, state: &[f64; 4], out: &mut [f32]) {
        for (out, number) in out.iter_mut().zip(state) {
            *out = *number as f32;
        }
    }
}
