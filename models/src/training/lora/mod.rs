//! Low-rank adapters: W + (alpha/rank)·B·A with the base W frozen.
//!
//! Source: Hu et al. (2022), sections 4 and 5. A (`[rank, in]`) is drawn from U(±1/√in), B
//! (`[out, rank]`) is 0, so an adapted model starts as its base.

#[cfg(feature = "local")]
mod adapter;
#[cfg(feature = "local")]
mod linear;
#[cfg(feature = "local")]
mod peft;
#[cfg(feature = "local")]
mod weights;

#[cfg(feature = "local")]
pub use adapter::{Adapter, Lora};
#[cfg(feature = "local")]
pub use weights::AdaptedWeights;

use serde::{Deserialize, Serialize};

use super::{NamePattern, TrainError};

/// Which weights get adapters, and of what size.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LoraConfig {
    /// Rank of the change.
    pub rank: usize,
    /// The change is scaled by `alpha / rank`.
    pub alpha: f64,
    /// Names of the weights, matrices `[out, in]`.
    pub targets: Vec<NamePattern>,
}

impl Default for LoraConfig {
    fn default() -> Self {
        Self {
            rank: 16,
            alpha: 32.0,
            targets: vec!["*.q_proj.weight".into(), "*.v_proj.weight".into()],
        }
    }
}

impl LoraConfig {
    /// Whether the values can be used.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the key.
    pub fn validate(&self) -> Result<(), TrainError> {
        if self.rank == 0 {
            return Err(TrainError::config("lora.rank", "at least 1", self.rank));
        }
        if !(self.alpha.is_finite() && self.alpha > 0.0) {
            return Err(TrainError::config("lora.alpha", "above 0", self.alpha));
        }
        if self.targets.is_empty() {
            return Err(TrainError::config(
                "lora.targets",
                "at least one pattern",
                "none",
            ));
        }
        Ok(())
    }
}
