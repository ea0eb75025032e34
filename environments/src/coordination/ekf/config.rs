//! Settings of tracking with a filter.

use serde::{Deserialize, Serialize};

use crate::coordination::motion::{Motion, check_count, check_number, check_size, refused};
use crate::coordination::objectives::Criterion;
use crate::environment::EnvironmentError;

/// A sensor of range and bearing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Sensor {
    /// Standard deviation of the range at no distance.
    pub range_noise: f64,
    /// What is added to it for each unit of distance.
    pub range_noise_slope: f64,
    /// Standard deviation of the bearing, radians.
    pub bearing_noise_rad: f64,
    /// The filter takes no target to be nearer than this.
    pub least_range: f64,
}

impl Default for Sensor {
    fn default() -> Self {
        Self {
            range_noise: 0.5,
            range_noise_slope: 0.2,
            bearing_noise_rad: 0.3,
            least_range: 0.5,
        }
    }
}

/// Settings of tracking with a filter; the defaults are those of the reference runs (inferred).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EkfConfig {
    /// Number of agents, `n`.
    pub agents: usize,
    /// Number of targets, `m`.
    pub targets: usize,
    /// Rounds of an episode, `T`.
    pub horizon: u32,
    /// Actions of the agents.
    pub motion: Motion,
    /// Agents and targets start in a disc of this radius.
    pub start_radius: f64,
    /// Standard deviation of a target's step along each axis in a round, `q`.
    pub drift: f64,
    /// Variance along each axis of what is known of a target at first.
    pub prior_variance: f64,
    /// Variance along each axis of the error of that knowledge.
    pub mean_error_variance: f64,
    /// What the agents measure with.
    pub sensor: Sensor,
    /// What is made small.
    pub criterion: Criterion,
}

impl Default for EkfConfig {
    fn default() -> Self {
        Self {
            agents: 10,
            targets: 8,
            horizon: 500,
            motion: Motion {
                dt_s: 0.1,
                ..Motion::default()
            },
            start_radius: 20.0,
            drift: 0.5,
            prior_variance: 4.0,
            mean_error_variance: 4.0,
            sensor: Sensor::default(),
            criterion: Criterion::AOptimal,
        }
    }
}

impl EkfConfig {
    /// Checks the values.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_count("agents", self.agents)?;
        check_count("targets", self.targets)?;
        check_count("horizon", self.horizon as usize)?;
        self.motion.validate()?;
        check_size(&[self.agents, self.motion.actions(), self.targets])?;
        for (key, got) in [
            ("prior_variance", self.prior_variance),
            ("sensor.range_noise", self.sensor.range_noise),
            ("sensor.bearing_noise_rad", self.sensor.bearing_noise_rad),
            ("sensor.least_range", self.sensor.least_range),
        ] {
            check_number(key, got, 0.0, true)?;
        }
        for (key, got) in [
            ("start_radius", self.start_radius),
            ("drift", self.drift),
            ("mean_error_variance", self.mean_error_variance),
            ("sensor.range_noise_slope", self.sensor.range_noise_slope),
        ] {
            check_number(key, got, 0.0, false)?;
        }
        // Beyond these the filter's numbers would leave the range of a double.
        const SMALL: f64 = 1e-6;
        for (key, got) in [
            ("sensor.range_noise", self.sensor.range_noise),
            ("sensor.bearing_noise_rad", self.sensor.bearing_noise_rad),
            ("sensor.least_range", self.sensor.least_range),
            ("prior_variance", self.prior_variance),
        ] {
            if got < SMALL {
                return Err(refused(
                    key,
                    format!("expected at least {SMALL}, got {got}"),
                ));
            }
        }
        Ok(())
    }
}
