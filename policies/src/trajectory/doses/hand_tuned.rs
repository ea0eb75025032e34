//! A dose that follows index and slope.

use rounds_environments::control::Space;
use rounds_environments::control::stabilise::{INDEX, SLOPE};
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use super::patient::{SEEN, check_patient};
use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check_gains, check_within};

/// Gives `clip(index_gain index + slope_gain slope, 0, most_dose)`.
///
/// It is good and not perfect: it knows neither how urgent the patient is nor whether the cause was found, and
/// never accepts the harm of a large dose to win time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HandTuned {
    /// Dose for an index of 1.
    pub index_gain: f64,
    /// Dose for a slope of 1 an hour.
    pub slope_gain: f64,
    /// Greatest dose, 0 to 1.
    pub most_dose: f64,
}

impl Default for HandTuned {
    fn default() -> Self {
        Self {
            index_gain: 1.5,
            slope_gain: 2.0,
            most_dose: 0.6,
        }
    }
}

impl HandTuned {
    /// Checks the values.
    ///
    /// # Errors
    /// [`CollectError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_within("most_dose", self.most_dose, 0.0, 1.0)?;
        check_gains(&[
            ("index_gain", self.index_gain),
            ("slope_gain", self.slope_gain),
        ])
    }
}

impl Controller for HandTuned {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_patient("a dose by index and slope", space)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        each(observations, actions, |seen: [f64; SEEN]| {
            let dose = self.index_gain * seen[INDEX] + self.slope_gain * seen[SLOPE];
            [dose.max(0.0).min(self.most_dose)]
        });
    }
}
