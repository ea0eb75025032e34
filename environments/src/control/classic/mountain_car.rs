//! A car in a valley, with a weak engine.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::control::actions::Actions;
use crate::control::dynamics::{Dynamics, Moved};
use crate::control::settings::{
    LARGEST, check_count, check_not_negative, check_positive, check_within, refused,
};
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// A car gets out of a valley by swinging to and fro.
///
/// State: position `x`, speed `v` per step, and whether a step was made. With the action `a` and `f` the action cut to [-1, 1]:
///
/// ```text
/// v' = v + power f - gravity cos 3x    cut to its bounds
/// x' = x + v'                          cut to the track; v' = 0 if it is negative at the left wall
/// reward = -0.1 a^2, and 100 more on arriving
/// ```
///
/// It ends at the goal with a speed of at least `goal_speed`. The cost is that of the action before it is
/// cut.
///
/// The state is rounded to single precision after each step. Its source mixes precisions further, and
/// so does this: in all steps but the first, `3x` is rounded, and, where the action is cut, what is added to
/// the speed and their sum. With that the reference vectors agree.
///
/// # Source
/// Trajectory card, section 7.1 (MountainCarContinuous-v0).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MountainCar {
    /// What the engine adds to the speed in a step.
    pub power: f64,
    /// What the slope takes from the speed in a step.
    pub gravity: f64,
    /// Greatest speed.
    pub most_speed: f64,
    /// Left end of the track.
    pub least_x: f64,
    /// Right end of the track.
    pub most_x: f64,
    /// Where the goal begins.
    pub goal_x: f64,
    /// Least speed at the goal.
    pub goal_speed: f64,
    /// What arriving earns.
    pub prize: f64,
    /// Weight of the squared action in the cost.
    pub action_cost: f64,
    /// The car starts at rest, evenly spread between these two.
    pub start: [f64; 2],
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for MountainCar {
    fn default() -> Self {
        Self {
            power: 0.0015,
            gravity: 0.0025,
            most_speed: 0.07,
            least_x: -1.2,
            most_x: 0.6,
            goal_x: 0.45,
            goal_speed: 0.0,
            prize: 100.0,
            action_cost: 0.1,
            start: [-0.6, -0.4],
            step_limit: 999,
        }
    }
}

/// The nearest number of single precision.
fn single(number: f64) -> f64 {
    f64::from(number as f32)
}

impl Dynamics for MountainCar {
    type State = [f64; 3];

    fn name(&self) -> &'static str {
        "mountain-car"
    }

    fn rules(&self) -> &str {
        include_str!("mountain_car.txt")
    }

    fn observed(&self) -> &'static [&'static str] {
        &["position", "speed (a step)"]
    }

    fn actions(&self) -> Actions {
        Actions::cube(1, -1.0, 1.0)
    }

    fn step_limit(&self) -> u32 {
        self.step_limit
    }

    fn validate(&self) -> Result<(), EnvironmentError> {
        check_not_negative("power", self.power)?;
        check_not_negative("gravity", self.gravity)?;
        check_positive("most_speed", self.most_speed)?;
        check_within("least_x", self.least_x, -LARGEST, LARGEST)?;
        check_within("most_x", self.most_x, self.least_x, LARGEST)?;
        check_within("goal_x", self.goal_x, self.least_x, self.most_x)?;
        check_within("goal_speed", self.goal_speed, -LARGEST, LARGEST)?;
        check_within("prize", self.prize, -LARGEST, LARGEST)?;
        check_not_negative("action_cost", self.action_cost)?;
        for start in self.start {
            check_within("start", start, self.least_x, self.most_x)?;
        }
        let [least, most] = self.start;
        if least > most {
            let why = format!("expected the lesser number first, got {least} and {most}");
            return Err(refused("start", why));
        }
        check_count("step_limit", self.step_limit as usize)
    }

    fn start(&self, key: StreamKey) -> [f64; 3] {
        let x = key.open().random_range(self.start[0]..=self.start[1]);
        [x, 0.0, 0.0]
    }

    fn advance(&self, state: &mut [f64; 3], action: &[f64], _: StreamKey) -> Moved {
        let [x, v, moved] = *state;
        let action = action.first().copied().unwrap_or(0.0);
        let pushed = action.clamp(-1.0, 1.0) * self.power;
        let rounds = moved > 0.0;
        let bend = if rounds { single(3.0 * x) } else { 3.0 * x };
        let added = pushed - self.gravity * libm::cos(bend);
        let v = match rounds && action.abs() > 1.0 {
            true => single(v + single(added)),
            false => v + added,
        };
        let v = v.clamp(-self.most_speed, self.most_speed);
        let x = (x + v).clamp(self.least_x, self.most_x);
        let at_wall = x <= self.least_x && v < 0.0;
        let v = if at_wall { 0.0 } else { v };
        let terminated = x >= self.goal_x && v >= self.goal_speed;
        *state = [single(x), single(v), 1.0];
        let prize = if terminated { self.prize } else { 0.0 };
        Moved {
            reward: prize - self.action_cost * action * action,
            terminated,
        }
    }

    fn observe(&self, state: &[f64; 3], out: &mut [f32]) {
        out.copy_from_slice(&[state[0] as f32, state[1] as f32]);
    }
}
