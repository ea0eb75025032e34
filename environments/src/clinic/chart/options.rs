//! How a patient answers from its record.

use serde::{Deserialize, Serialize};

use super::retrieval::Fidelity;
use super::rules::Matching;
use super::visible::Visibility;

/// What happens when the named items hold nothing.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fallback {
    /// The text sections that may be seen are searched for the words of the question.
    #[default]
    Search,
    /// Nothing more is tried.
    Off,
}

/// How a patient answers from its record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ChartOptions {
    /// Whether the slips of the published look-up are kept.
    pub fidelity: Fidelity,
    /// How keywords are looked for.
    pub matching: Matching,
    /// Show the preliminary diagnosis of the admission; it often names the disease.
    pub reveal_admission_diagnosis: bool,
    /// Hours after admission until which dated entries are seen; `None` shows the whole stay.
    pub visible_until_h: Option<f64>,
    /// What happens when the named items hold nothing.
    pub fallback: Fallback,
}

impl Default for ChartOptions {
    fn default() -> Self {
        Self {
            fidelity: Fidelity::Strict,
            matching: Matching::Word,
            reveal_admission_diagnosis: false,
            visible_until_h: Some(24.0),
            fallback: Fallback::Search,
        }
    }
}

/// Why chart options were refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ChartOptionsError {
    /// The limit in time is not a number of hours.
    #[error("visible_until_h: expected a finite number of hours, 0 or more, got {got}")]
    VisibleUntil {
        /// The value that was given.
        got: f64,
    },
}

impl ChartOptions {
    /// The behaviour of the published program.
    pub fn as_published() -> Self {
        Self {
            fidelity: Fidelity::AsPublished,
            matching: Matching::Substring,
            reveal_admission_diagnosis: true,
            visible_until_h: None,
            fallback: Fallback::Search,
        }
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`ChartOptionsError::VisibleUntil`] when the limit is negative or not finite.
    pub fn validate(&self) -> Result<(), ChartOptionsError> {
        match self.visible_until_h {
            Some(got) if !(got.is_finite() && got >= 0.0) => {
                Err(ChartOptionsError::VisibleUntil { got })
            }
            _ => Ok(()),
        }
    }

    /// What of the record may be seen.
    pub fn visibility(&self) -> Visibility {
        Visibility {
            admission_diagnosis: self.reveal_admission_diagnosis,
            until_h: self.visible_until_h,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_options_are_refused() {
        let options = ChartOptions {
            visible_until_h: Some(-1.0),
            ..ChartOptions::default()
        };
        assert!(options.validate().is_err());
        assert!(toml::from_str::<ChartOptions>("colour = 1").is_err());
    }
}
