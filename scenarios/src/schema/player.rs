//! A policy of agents that coordinate and ask a language model.

use serde::Serialize;

use super::{
    reader::TableReader,
    speaker::{SpeakerSpec, read_speaker},
};

/// Most of its own rounds that an agent is shown.
const MOST_HISTORY: u32 = 1000;

/// Agents that ask a language model for each action.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename = "language")]
pub struct PlayerSpec {
    /// How they speak.
    #[serde(flatten)]
    pub speaker: SpeakerSpec,
    /// How many of its own last rounds an agent is shown.
    pub history: u32,
}

/// Reads the keys beside `kind`; the model must be one of `models`.
pub(super) fn read_player(table: &mut TableReader<'_>, models: &[&str]) -> Option<PlayerSpec> {
    let history = table.small("history", 0, MOST_HISTORY, 3);
    let speaker = read_speaker(table, models)?;
    Some(PlayerSpec { speaker, history })
}
