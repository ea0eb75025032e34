//! Settings of a maze.

use serde::{Deserialize, Serialize};

use crate::control::settings::{
    check_count, check_not_negative, check_positive, check_within, refused,
};
use crate::environment::EnvironmentError;

/// Settings of a maze and of the point in it; the defaults are those of PointMaze_UMaze-v3.
///
/// # Units
/// Metres, seconds, kilograms, newtons.
///
/// # Source
/// Trajectory card, section 7.3.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MazeConfig {
    /// Rows of cells, as [`Maze::read`](super::Maze::read) reads them.
    pub map: Vec<String>,
    /// Length of a cell's side.
    pub cell: f64,
    /// Radius of the point, which is a ball.
    pub radius: f64,
    /// Density of the ball.
    pub density: f64,
    /// Force of a full action along one axis.
    pub gear: f64,
    /// Force against the motion at speed 1.
    pub damping: f64,
    /// Length of a step.
    pub dt_s: f64,
    /// Greatest speed along each axis at the beginning of a step.
    pub most_speed: f64,
    /// Starts and goals are up to this part of a cell from its middle along each axis.
    pub noise: f64,
    /// The goal is reached at this distance.
    pub reached: f64,
    /// Every step earns `exp(-distance)` instead of 1 at the goal and 0 elsewhere.
    pub dense: bool,
    /// The episode goes on when the goal is reached.
    pub continuing: bool,
    /// A new goal is drawn when the goal is reached, where the episode goes on.
    pub new_goals: bool,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for MazeConfig {
    fn default() -> Self {
        let map = ["11111", "10001", "11101", "10001", "11111"];
        Self {
            map: map.map(str::to_owned).to_vec(),
            cell: 1.0,
            radius: 0.1,
            density: 1000.0,
            gear: 100.0,
            damping: 1.0,
            dt_s: 0.01,
            most_speed: 5.0,
            noise: 0.25,
            reached: 0.45,
            dense: false,
            continuing: true,
            new_goals: false,
            step_limit: 300,
        }
    }
}

impl MazeConfig {
    /// Checks the values but for the map.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_positive("cell", self.cell)?;
        check_positive("radius", self.radius)?;
        check_positive("density", self.density)?;
        check_not_negative("gear", self.gear)?;
        check_not_negative("damping", self.damping)?;
        check_positive("dt_s", self.dt_s)?;
        check_positive("most_speed", self.most_speed)?;
        check_within("noise", self.noise, 0.0, 0.5)?;
        check_positive("reached", self.reached)?;
        let least = self.noise * self.cell + self.radius;
        if 2.0 * least > self.cell {
            let most = 0.5 - self.radius / self.cell;
            let why = format!("expected at most {most}, else the point may start in a wall");
            return Err(refused("noise", why));
        }
        // A step must not carry the point through a wall, nor deep into one.
        if self.dt_s * self.most_speed > self.radius {
            let (way, radius) = (self.dt_s * self.most_speed, self.radius);
            let why = format!("expected steps of at most the radius, {radius}, got {way}");
            return Err(refused("most_speed", why));
        }
        check_count("step_limit", self.step_limit as usize)
    }

    /// Mass of the ball, `4/3 pi radius^3 density`.
    pub fn mass(&self) -> f64 {
        4.0 / 3.0 * std::f64::consts::PI * self.radius.powi(3) * self.density
    }
}
