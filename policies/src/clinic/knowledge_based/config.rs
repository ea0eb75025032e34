//! Settings of knowledge-based clinicians.

use serde::{Deserialize, Serialize};

use crate::clinic::belief::ScopeError;

/// How the next question is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuestionPolicy {
    /// Never asks: diagnoses from the introduction.
    None,
    /// Any open finding, from the agent's own stream.
    Random,
    /// The open finding of greatest gain under the prior, before the complaint is known.
    Fixed,
    /// The open finding of greatest expected information gain.
    #[default]
    Gain,
    /// The open finding of greatest expected information gain per US dollar.
    GainPerCost,
    /// Every open finding in index order; diagnoses only when nothing is left.
    All,
}

/// Settings of knowledge-based clinicians.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KnowledgeConfig {
    /// How the next question is chosen.
    pub questions: QuestionPolicy,
    /// Posterior of the best own condition at which a clinician diagnoses (tau).
    pub stop_at: f64,
    /// Smallest gain in bits for which a question is worth asking (epsilon).
    pub min_gain: f64,
    /// Probability that an answer is flipped, for a belief that knows of it.
    pub noise: Option<f64>,
    /// Share of a speciality at which the coordinator adds it.
    pub add_at: f64,
    /// Share of a speciality below which the coordinator removes it.
    pub remove_below: f64,
    /// Most diagnoses of a list.
    pub list_length: usize,
    /// Posterior of the best own condition below which a clinician refers the patient rather than
    /// list diagnoses; 0 never refers.
    pub refer_below: f64,
    /// How often the introduction counts in the belief: 1 is right, more is the bias of anchoring.
    pub anchoring: usize,
}

impl Default for KnowledgeConfig {
    fn default() -> Self {
        Self {
            questions: QuestionPolicy::Gain,
            stop_at: 0.95,
            min_gain: 1e-9,
            noise: None,
            add_at: 0.10,
            remove_below: 0.02,
            list_length: 10,
            refer_below: 0.0,
            anchoring: 1,
        }
    }
}

/// Why a knowledge-based clinician could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A setting is outside its range.
    #[error("{field}: expected {expected}, got {got}")]
    Range {
        /// The setting.
        field: &'static str,
        /// Its range.
        expected: &'static str,
        /// The value given.
        got: f64,
    },
    /// A belief could not be made from the knowledge base.
    #[error(transparent)]
    Scope(#[from] ScopeError),
}

impl KnowledgeConfig {
    /// Checks every setting.
    ///
    /// # Errors
    /// [`ConfigError::Range`] naming the first setting that is out of range.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let noise = self.noise.unwrap_or(0.0);
        let checks = [
            (
                "stop_at",
                self.stop_at > 0.0 && self.stop_at <= 1.0,
                "above 0 and at most 1",
                self.stop_at,
            ),
            (
                "min_gain",
                (0.0..=1.0).contains(&self.min_gain),
                "0 to 1 bit",
                self.min_gain,
            ),
            (
                "noise",
                (0.0..0.5).contains(&noise),
                "0 to below 0.5",
                noise,
            ),
            (
                "add_at",
                (0.0..=1.0).contains(&self.add_at),
                "0 to 1",
                self.add_at,
            ),
            (
                "remove_below",
                (0.0..=self.add_at).contains(&self.remove_below),
                "0 to add_at",
                self.remove_below,
            ),
            (
                "list_length",
                (1..=10).contains(&self.list_length),
                "1 to 10",
                self.list_length as f64,
            ),
            (
                "refer_below",
                (0.0..=1.0).contains(&self.refer_below),
                "0 to 1",
                self.refer_below,
            ),
            (
                "anchoring",
                (1..=10).contains(&self.anchoring),
                "1 to 10",
                self.anchoring as f64,
            ),
        ];
        for (field, holds, expected, got) in checks {
            if !holds {
                return Err(ConfigError::Range {
                    field,
                    expected,
                    got,
                });
            }
        }
        Ok(())
    }
}
