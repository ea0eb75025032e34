//! The car in a valley: with the swing.

use rounds_environments::control::Space;
use rounds_environments::streams::StreamKey;
use serde::{Deserialize, Serialize};

use crate::trajectory::controller::{Controller, each};
use crate::trajectory::error::{CollectError, check_sizes, check_within};

/// Pushes the way that the car moves, to the right at a standstill.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MountainCarExpert {
    /// How strongly, 0 to 1.
    pub push: f64,
}

impl Default for MountainCarExpert {
    fn default() -> Self {
        Self { push: 1.0 }
    }
}

impl MountainCarExpert {
    /// Checks the strength.
    ///
    /// # Errors
    /// [`CollectError::Setting`] when it is not from 0 to 1.
    pub fn validate(&self) -> Result<(), CollectError> {
        check_within("push", self.push, 0.0, 1.0)
    }
}

impl Controller for MountainCarExpert {
    fn fits(&self, space: &Space) -> Result<(), CollectError> {
        self.validate()?;
        check_sizes("the expert of mountain-car", space, 2, 1)
    }

    fn act(&self, observations: &[f32], _: &[StreamKey], actions: &mut [f64]) {
        each(observations, actions, |[_, v]| {
            [if v < 0.0 { -self.push } else { self.push }]
        });
    }
}
