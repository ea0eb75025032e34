//! Whoever speaks through a language model.

use std::path::PathBuf;

use serde::Serialize;

use super::{paths::PathKind, reader::TableReader, team::read_reference, values::Range};

/// Most tokens of a reply that can be asked for.
const MOST_TOKENS: u32 = 1 << 20;
/// Most re-asks of one decision.
const MOST_RE_ASKS: u32 = 100;
/// Temperatures that servers take.
const TEMPERATURE: Range = Range {
    allows: |x| (0.0..=2.0).contains(&x),
    words: "a number from 0 to 2",
};

/// Whoever speaks through a language model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpeakerSpec {
    /// A name in [`Scenario::models`](super::Scenario::models).
    pub model: String,
    /// A folder of prompts that take the place of ours, file by file.
    pub prompts: Option<PathBuf>,
    /// Sampling temperature, 0 to 2; by default that of the role.
    pub temperature: Option<f64>,
    /// Most tokens of a reply, at least 1; by default that of the role.
    pub max_tokens: Option<u32>,
    /// How often an unreadable reply is asked for again.
    pub re_asks: u32,
    /// Whether replies with a structure are asked for by a JSON schema as well as in words.
    pub structured: bool,
}

impl SpeakerSpec {
    /// The speaker with its defaults.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            prompts: None,
            temperature: None,
            max_tokens: None,
            re_asks: 2,
            structured: true,
        }
    }
}

/// Reads the keys of whoever speaks through a model, which must be one of `models`.
pub(super) fn read_speaker(table: &mut TableReader<'_>, models: &[&str]) -> Option<SpeakerSpec> {
    let prompts = table.path("prompts", PathKind::Folder);
    let temperature = table.optional_number("temperature", TEMPERATURE);
    let max_tokens = table
        .entry("max_tokens")
        .is_some()
        .then(|| table.small("max_tokens", 1, MOST_TOKENS, 1));
    let re_asks = table.small("re_asks", 0, MOST_RE_ASKS, 2);
    let structured = table.boolean("structured", true);
    let model = read_reference(table, "model", "models", models)?;
    Some(SpeakerSpec {
        model,
        prompts,
        temperature,
        max_tokens,
        re_asks,
        structured,
    })
}
