//! A policy that asks a language model.

use std::path::PathBuf;

use serde::Serialize;

use super::{paths::PathKind, reader::TableReader, team::read_reference, values::Range};

/// Most tokens of a reply that can be asked for.
pub(super) const MOST_TOKENS: u32 = 1 << 20;
/// Most re-asks of one decision.
pub(super) const MOST_RE_ASKS: u32 = 100;
/// Temperatures that servers take.
pub(super) const TEMPERATURE: Range = Range {
    allows: |x| (0.0..=2.0).contains(&x),
    words: "a number from 0 to 2",
};

/// A policy that asks a language model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LanguageSpec {
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
    /// Most characters of earlier exchanges in a request, the oldest left out first.
    pub most_chars: u32,
    /// A file of the bias that the doctors are told to have.
    pub behaviour: Option<PathBuf>,
}

impl LanguageSpec {
    /// The policy with its defaults.
    pub fn new(model: &str) -> Self {
        Self {
            model: model.to_owned(),
            prompts: None,
            temperature: None,
            max_tokens: None,
            re_asks: 2,
            structured: true,
            most_chars: 24_000,
            behaviour: None,
        }
    }
}

/// Reads the keys of a language policy beside `kind`; its model must be one of `models`.
pub(crate) fn read_language(table: &mut TableReader<'_>, models: &[&str]) -> Option<LanguageSpec> {
    let behaviour = table.path("behaviour", PathKind::File);
    let speaker = read_speaker(table, models)?;
    Some(LanguageSpec {
        behaviour,
        ..speaker
    })
}

/// Reads the keys of whoever speaks through a model, which must be one of `models`.
pub(crate) fn read_speaker(table: &mut TableReader<'_>, models: &[&str]) -> Option<LanguageSpec> {
    let prompts = table.path("prompts", PathKind::Folder);
    let temperature = table.optional_number("temperature", TEMPERATURE);
    let max_tokens = table
        .entry("max_tokens")
        .is_some()
        .then(|| table.small("max_tokens", 1, MOST_TOKENS, 1));
    let re_asks = table.small("re_asks", 0, MOST_RE_ASKS, 2);
    let structured = table.boolean("structured", true);
    let most_chars = table.count("most_chars", 1, 24_000);
    let model = read_reference(table, "model", "models", models)?;
    Some(LanguageSpec {
        prompts,
        temperature,
        max_tokens,
        re_asks,
        structured,
        most_chars,
        ..LanguageSpec::new(&model)
    })
}
