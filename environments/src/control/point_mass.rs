//! A point mass in the plane with a quadratic cost.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::actions::Actions;
use super::dynamics::{Dynamics, Moved};
use super::settings::{check_count, check_not_negative, check_positive};
use crate::environment::EnvironmentError;
use crate::streams::StreamKey;

/// A point is brought to the origin and held there: linear dynamics, quadratic cost.
///
/// State: place `p` and velocity `v`, two numbers each. With the action `a`, cut to [-1, 1]:
///
/// ```text
/// reward = -|p|^2 - 0.1 |v|^2 - 0.01 |a|^2    before the step
/// v'     = v + 0.2 a                          cut to [-2, 2]
/// p'     = p + 0.1 v'
/// ```
///
/// It starts at rest and never ends by itself.
///
/// # Source
/// Trajectory card, section 12.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PointMass {
    /// What a full action adds to the velocity.
    pub push: f64,
    /// Length of a step.
    pub dt: f64,
    /// Greatest velocity in each dimension.
    pub most_speed: f64,
    /// Weight of the squared velocity in the cost.
    pub speed_cost: f64,
    /// Weight of the squared action in the cost.
    pub action_cost: f64,
    /// Both coordinates start evenly spread over plus and minus this.
    pub start: f64,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for PointMass {
    fn default() -> Self {
        Self {
            push: 0.2,
            dt: 0.1,
            most_speed: 2.0,
            speed_cost: 0.1,
            action_cost: 0.01,
            start: 1.0,
            step_limit: 50,
        }
    }
}

impl Dynamics for PointMass {
    type State = [f64; 4];

    fn name(&self) -> &'static str {
        "point-mass"
    }

    fn rules(&self) -> &str {
        include_str!("point_mass.txt")
    }

    fn observed(&self) -> &'static [&'static str] {
        &["x", "y", "velocity along x", "velocity along y"]
    }

    fn actions(&self) -> Actions {
        Actions::cube(2, -1.0, 1.0)
    }

    fn step_limit(&self) -> u32 {
        self.step_limit
    }

    fn validate(&self) -> Result<(), EnvironmentError> {
        check_not_negative("push", self.push)?;
        check_positive("dt", self.dt)?;
        check_positive("most_speed", self.most_speed)?;
        check_not_negative("speed_cost", self.speed_cost)?;
        check_not_negative("action_cost", self.action_cost)?;
        check_not_negative("start", self.start)?;
        check_count("step_limit", self.step_limit as usize)
    }

    fn start(&self, key: StreamKey) -> [f64; 4] {
        let mut stream = key.open();
        let mut coordinate = || stream.random_range(-self.start..=self.start);
        [coordinate(), coordinate(), 0.0, 0.0]
    }

    fn advance(&self, state: &mut [f64; 4], action: &[f64], _: StreamKey) -> Moved {
        let [x, y, vx, vy] = *state;
        let pushes = [0, 1].map(|at| action.get(at).copied().unwrap_or(0.0).clamp(-1.0, 1.0));
        let square = |[a, b]: [f64; 2]| a * a + b * b;
        let cost =
            square([x, y]) + self.speed_cost * square([vx, vy]) + self.action_cost * square(pushes);
        let faster =
            |v: f64, push: f64| (v + self.push * push).clamp(-self.most_speed, self.most_speed);
        let (vx, vy) = (faster(vx, pushes[0]), faster(vy, pushes[1]));
        *state = [x + self.dt * vx, y + self.dt * vy, vx, vy];
        Moved {
            reward: -cost,
            terminated: false,
        }
    }

    fn observe(&self, state: &[f64; 4], out: &mut [f32]) {
        for (out, number) in out.iter_mut().zip(state) {
            *out = *number as f32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::EpisodeIx;
    use crate::streams::{Purpose, RunSeed};
    use proptest::prelude::*;

    const KEY: fn() -> StreamKey =
        || StreamKey::episode(RunSeed(1), EpisodeIx(0), Purpose::Dynamics);

    proptest! {
        /// Between the bounds the way is `p_n = p + n dt v + dt push a n (n + 1) / 2`.
        #[test]
        fn a_constant_push_is_the_closed_form(
            x in -1.0..1.0_f64, v in -0.5..0.5_f64, a in -0.2..0.2_f64, n in 1..20_u32,
        ) {
            let point = PointMass::default();
            let mut state = [x, -x, v, -v];
            for _ in 0..n {
                point.advance(&mut state, &[a, -a], KEY());
            }
            let n = f64::from(n);
            let expected = x + 0.1 * n * v + 0.1 * 0.2 * a * n * (n + 1.0) / 2.0;
            prop_assert!((state[0] - expected).abs() < 1e-12, "{} and {expected}", state[0]);
            prop_assert_eq!((state[0], state[2]), (-state[1], -state[3]));
        }
    }

    #[test]
    fn the_cost_is_that_of_the_state_before() {
        let mut state = [1.0, -2.0, 0.5, 0.0];
        let moved = PointMass::default().advance(&mut state, &[3.0, -1.0], KEY());
        assert!(
            (moved.reward + 5.0 + 0.025 + 0.02).abs() < 1e-12,
            "{moved:?}"
        );
        assert!(!moved.terminated);
        assert_eq!(state[2..], [0.7, -0.2]);
    }
}
