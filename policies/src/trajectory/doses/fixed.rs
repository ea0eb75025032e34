//! The same dose always.

use rounds_environments::control::Space;
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use super::patient::check_patient;
use crate::trajectory::controller::Controller;
use crate::trajectory::error::{CollectError, check_within};

/// Gives the same dose in each step, whatever is seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FixedDose {
    /// The dose, 0 to 1.
    pub dose: f64,
}

impl Default for FixedDose {
    fn default() -> Self {
        Self { dose: 0.4 }
    }
}

impl FixedDose {
    /// Checks the dose.
    ///
    /// # Errors
    /// [`CollectError::Setting`] when it is not from 0 to 1.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_within("dose", self.dose, 0.0, 1.0)
    }
}

impl Controller for FixedDose {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_patient("a fixed dose", space)
    }

    fn act(&self, _: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        actions.fill(self.dose);
    }
}
