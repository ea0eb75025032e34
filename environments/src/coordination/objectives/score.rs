//! How much it is worth to be near a target.

use serde::{Deserialize, Serialize};

use super::ObjectiveError;

/// The worth of a target at a distance.
///
/// # Source
/// MA-OC card, section 8.1: `1/d` is unbounded, so either a small distance is added or 1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Score {
    /// `1 / (d + eps)`; published two-drone runs use 0.001.
    Reciprocal {
        /// Added to the distance, above 0.
        eps: f64,
    },
    /// `1 / (1 + d)`.
    #[default]
    Bounded,
}

impl Score {
    /// The score at `distance`.
    pub fn of(self, distance: f64) -> f64 {
        1.0 / (distance + self.offset())
    }

    /// What is added to a distance before its inverse is taken.
    pub fn offset(self) -> f64 {
        match self {
            Self::Reciprocal { eps } => eps,
            Self::Bounded => 1.0,
        }
    }

    /// Checks the parameters.
    ///
    /// # Errors
    /// [`ObjectiveError::Number`] when `eps` is not a number above 0.
    pub fn validate(self) -> Result<(), ObjectiveError> {
        match self {
            Self::Reciprocal { eps } if !(eps.is_finite() && eps > 0.0) => {
                Err(ObjectiveError::Number {
                    what: "eps of the score".to_owned(),
                    expected: "a number above 0",
                    got: eps,
                })
            }
            _ => Ok(()),
        }
    }
}
