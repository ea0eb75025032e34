//! A policy of agents that coordinate and ask a language model.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    language::{MOST_RE_ASKS, MOST_TOKENS, TEMPERATURE},
    paths::PathKind,
    reader::TableReader,
    team::read_reference,
};

/// Most of its own rounds that an agent is shown.
const MOST_HISTORY: u32 = 1000;

/// Agents that ask a language model for each action.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename = "language")]
pub struct PlayerSpec {
    /// A name in [`Scenario::models`](super::Scenario::models).
    pub model: String,
    /// A folder of prompts that take the place of ours, file by file.
    pub prompts: Option<PathBuf>,
    /// Sampling temperature, 0 to 2.
    pub temperature: Option<f64>,
    /// Most tokens of a reply, at least 1.
    pub max_tokens: Option<u32>,
    /// How often an unreadable reply is asked for again.
    pub re_asks: u32,
    /// Whether replies are asked for by a JSON schema.
    pub structured: bool,
    /// How many of its own last rounds an agent is shown.
    pub history: u32,
}

/// Reads the keys beside `kind`; the model must be one of `models`.
pub(super) fn read_player(table: &mut TableReader<'_>, models: &[&str]) -> Option<PlayerSpec> {
    let prompts = table.path("prompts", PathKind::Folder);
    let temperature = table.optional_number("temperature", TEMPERATURE);
    let max_tokens = table
        .entry("max_tokens")
        .is_some()
        .then(|| table.small("max_tokens", 1, MOST_TOKENS, 1));
    let re_asks = table.small("re_asks", 0, MOST_RE_ASKS, 2);
    let structured = table.boolean("structured", true);
    let history = table.small("history", 0, MOST_HISTORY, 3);
    let model = read_reference(table, "model", "models", models)?;
    Some(PlayerSpec {
        model,
        prompts,
        temperature,
        max_tokens,
        re_asks,
        structured,
        history,
    })
}
