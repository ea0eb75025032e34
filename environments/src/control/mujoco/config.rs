//! Which body.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::control::settings::check_count;
use crate::environment::EnvironmentError;

/// A kind of body.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Body {
    /// Hops on one leg (Hopper-v5).
    #[default]
    Hopper,
    /// Runs on two legs and cannot fall (HalfCheetah-v5).
    HalfCheetah,
    /// Walks on two legs (Walker2d-v5).
    Walker2d,
    /// Balances a pole on a cart (InvertedPendulum-v5).
    InvertedPendulum,
}

impl Body {
    /// All kinds.
    pub const ALL: [Self; 4] = [
        Self::Hopper,
        Self::HalfCheetah,
        Self::Walker2d,
        Self::InvertedPendulum,
    ];
}

/// Settings of bodies.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MujocoConfig {
    /// Which body.
    pub body: Body,
    /// A folder of models to take instead of those of the project, with the file names of gymnasium: `hopper.xml`,
    /// `half_cheetah.xml`, `walker2d_v5.xml`, `inverted_pendulum.xml`.
    pub models: Option<PathBuf>,
    /// Steps after which an episode is cut.
    pub step_limit: u32,
}

impl Default for MujocoConfig {
    fn default() -> Self {
        Self {
            body: Body::default(),
            models: None,
            step_limit: 1000,
        }
    }
}

impl MujocoConfig {
    /// The settings of a body, all else being the default.
    pub fn of(body: Body) -> Self {
        Self {
            body,
            ..Self::default()
        }
    }

    /// Checks the values.
    ///
    /// # Errors
    /// [`EnvironmentError::Setting`] naming the value.
    pub fn validate(&self) -> Result<(), EnvironmentError> {
        check_count("step_limit", self.step_limit as usize)
    }
}
