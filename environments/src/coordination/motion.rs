//! Agents that move in the plane by one of a few velocities.

use std::f64::consts::TAU;

use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::environment::EnvironmentError;
use crate::ids::AgentId;
use crate::streams::{Purpose, Stream, StreamKey};

/// What an agent can do in a round: go straight at one of the speeds along one of the headings.
///
/// Action `speed * headings + heading` has heading `heading * 360 / headings` degrees.
///
/// # Source
/// MA-OC card, section 8.1; inferred there from earlier papers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Motion {
    /// Speeds, units of length a second.
    pub speeds: Vec<f64>,
    /// Number of headings, evenly spaced from 0 degrees.
    pub headings: u32,
    /// Length of a round, seconds.
    pub dt_s: f64,
}

impl Default for Motion {
    fn default() -> Self {
        Self {
            speeds: vec![5.0, 10.0, 15.0],
            headings: 8,
            dt_s: 0.02,
        }
    }
}

/// A setting that cannot be.
pub(super) fn refused(key: &str, why: impl Into<String>) -> EnvironmentError {
    EnvironmentError::Setting {
        key: key.to_owned(),
        why: why.into(),
    }
}

/// Larger numbers would leave the range of a double once they are multiplied for many rounds.
const LARGEST: f64 = 1e9;

/// Refuses `got` unless it is a number of at least `least`, or above it where `strictly`, and not
/// absurdly large.
pub(super) fn check_number(
    key: &str,
    got: f64,
    least: f64,
    strictly: bool,
) -> Result<(), EnvironmentError> {
    if got <= LARGEST && (got > least || !strictly && got == least) {
        return Ok(());
    }
    let than = if strictly { "above" } else { "of at least" };
    let why = format!("expected a number {than} {least} and at most {LARGEST}, got {got}");
    Err(refused(key, why))
}

/// Refuses a world whose objective would have more than 100 million values.
pub(super) fn check_size(factors: &[usize]) -> Result<(), EnvironmentError> {
    const MOST: usize = 100_000_000;
    let got = factors.iter().copied().fold(1, usize::saturating_mul);
    if got <= MOST {
        return Ok(());
    }
    let why = format!(
        "expected a world of at most {MOST} values, one for each action and target, got {got}"
    );
    Err(refused("agents", why))
}

/// Refuses a count that is not from 1 to a million.
pub(super) fn check_count(key: &str, got: usize) -> Result<(), EnvironmentError> {
    if (1..=1_000_000).contains(&got) {
        return Ok(());
    }
    Err(refused(key, format!("expected 1 to 1000000, got {got}")))
}

impl Motion {
    /// Number of actions, `kappa`.
    pub fn actions(&self) -> usize {
        self.speeds.len() * self.headings as usize
    }

    /// Velocity of each action.
    ///
    /// # Shapes
    /// `[actions]`, x and y.
    pub fn velocities(&self) -> Vec<[f64; 2]> {
        let headings = f64::from(self.headings);
        let along = |speed: f64, heading: u32| {
            let (sin, cos) = libm::sincos(f64::from(heading) * TAU / headings);
            [speed * cos, speed * sin]
        };
        let speeds = self.speeds.iter();
        speeds
            .flat_map(|&speed| (0..self.headings).map(move |heading| along(speed, heading)))
            .collect()
    }

    /// An action in words.
    pub fn name(&self, action: u32) -> String {
        let speed = self.speeds.get((action / self.headings) as usize);
        let speed = speed.copied().unwrap_or(0.0);
        let degrees = f64::from(action % self.headings) * 360.0 / f64::from(self.headings);
        format!("{degrees} degrees at speed {speed}")
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_number("dt_s", self.dt_s, 0.0, true)?;
        if self.speeds.is_empty() || self.headings == 0 {
            let (speeds, headings) = (self.speeds.len(), self.headings);
            let why =
                format!("expected at least one speed and one heading, got {speeds} and {headings}");
            return Err(refused("speeds", why));
        }
        check_count("headings", self.headings as usize)?;
        for &speed in &self.speeds {
            check_number("speeds", speed, 0.0, false)?;
        }
        Ok(())
    }
}

/// Agents in the plane and the steps that they can take.
#[derive(Debug, Clone)]
pub(super) struct Movers {
    pub(super) positions: Vec<[f64; 2]>,
    /// How far each action goes in a round, the x of all actions and the y of all actions.
    step_x: Vec<f64>,
    step_y: Vec<f64>,
}

impl Movers {
    pub(super) fn new(motion: &Motion, positions: Vec<[f64; 2]>) -> Self {
        let steps = motion.velocities();
        let scaled = |k: usize| steps.iter().map(|v| v[k] * motion.dt_s).collect();
        Self {
            positions,
            step_x: scaled(0),
            step_y: scaled(1),
        }
    }

    /// Where an agent is after an action.
    pub(super) fn after(&self, agent: usize, action: usize) -> [f64; 2] {
        let [x, y] = self.positions[agent];
        [x + self.step_x[action], y + self.step_y[action]]
    }

    /// Where an agent is after each action.
    ///
    /// # Shapes
    /// `x`, `y`: `[actions]`.
    pub(super) fn after_all(&self, agent: usize, x: &mut [f64], y: &mut [f64]) {
        let [from_x, from_y] = self.positions[agent];
        for (to, step) in x.iter_mut().zip(&self.step_x) {
            *to = from_x + step;
        }
        for (to, step) in y.iter_mut().zip(&self.step_y) {
            *to = from_y + step;
        }
    }

    /// Moves the agents that do something.
    ///
    /// # Errors
    /// [`EnvironmentError`] as [`check_actions`].
    pub(super) fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError> {
        let kappa = self.step_x.len();
        check_actions(actions, self.positions.len(), |_| kappa)?;
        for (agent, action) in actions.iter().enumerate() {
            if let Some(action) = action {
                self.positions[agent] = self.after(agent, *action as usize);
            }
        }
        Ok(())
    }
}

/// Refuses a joint action for another number of agents, or with an action that an agent lacks.
///
/// # Errors
/// [`EnvironmentError::InvalidAction`] naming the agent.
pub(super) fn check_actions(
    actions: &[Option<u32>],
    agents: usize,
    count: impl Fn(usize) -> usize,
) -> Result<(), EnvironmentError> {
    if actions.len() != agents {
        let got = actions.len();
        let why = format!("expected {agents} actions, one an agent, got {got}");
        return Err(EnvironmentError::Failed(why));
    }
    for (agent, action) in actions.iter().enumerate() {
        let count = count(agent);
        if let Some(got) = action.filter(|action| *action as usize >= count) {
            return Err(EnvironmentError::InvalidAction {
                agent: AgentId(agent as u32),
                why: format!("expected none or an action below {count}, got {got}"),
            });
        }
    }
    Ok(())
}

/// A point drawn evenly from a disc around the origin.
pub(super) fn point_in_disc(radius: f64, stream: &mut Stream) -> [f64; 2] {
    let angle = stream.random_range(0.0..TAU);
    let distance = radius * stream.random::<f64>().sqrt();
    let (sin, cos) = libm::sincos(angle);
    [distance * cos, distance * sin]
}

/// Starts of all agents, each from a stream of its own.
pub(super) fn starts(base: StreamKey, agents: usize, radius: f64) -> Vec<[f64; 2]> {
    let agents = (0..agents as u32).map(AgentId);
    agents
        .map(|agent| {
            let key = StreamKey {
                agent: Some(agent),
                purpose: Purpose::Truth,
                ..base
            };
            point_in_disc(radius, &mut key.open())
        })
        .collect()
}

/// Distance of two points; without the care of `hypot` for numbers near the ends of the range.
pub(super) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    let (x, y) = (a[0] - b[0], a[1] - b[1]);
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_count_speeds_first() {
        let motion = Motion::default();
        let table = motion.velocities();
        assert_eq!(table.len(), motion.actions());
        let expected = [[-5.0, 0.0], [0.0, 10.0]];
        for (action, expected) in [4, 10].into_iter().zip(expected) {
            assert!(distance(table[action], expected) < 1e-12);
        }
        assert_eq!(motion.name(10), "90 degrees at speed 10");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let bad = [
            Motion {
                dt_s: 0.0,
                ..Motion::default()
            },
            Motion {
                headings: 0,
                ..Motion::default()
            },
            Motion {
                speeds: vec![],
                ..Motion::default()
            },
            Motion {
                speeds: vec![f64::NAN],
                ..Motion::default()
            },
        ];
        for motion in bad {
            assert!(motion.validate().is_err(), "{motion:?}");
        }
        let mut movers = Movers::new(&Motion::default(), vec![[0.0; 2]; 2]);
        assert!(movers.apply(&[None]).is_err());
        let told = movers.apply(&[None, Some(24)]).unwrap_err().to_string();
        assert!(
            told.contains("agent 1") && told.contains("below 24"),
            "{told}"
        );
    }
}
