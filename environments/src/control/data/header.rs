//! Where a data set comes from.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actions::ActionMap;
use super::score::Reference;

/// What is known of a data set beside its numbers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Header {
    /// Kind of the environment, as scenarios name it, or the id of a data set.
    pub environment: String,
    /// Settings of the environment that are not its defaults, or what its source says of it.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub settings: Value,
    /// Who played.
    pub collector: String,
    /// Seeds of the runs that played.
    pub seeds: Vec<u64>,
    /// How actions were brought to [-1, 1]; none where they are those of the environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action_map: Option<ActionMap>,
    /// Returns that count as 0 and as 100.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}
