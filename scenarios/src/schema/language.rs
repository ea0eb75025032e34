//! A clinical role that speaks through a language model.

use std::path::PathBuf;

use serde::Serialize;

use super::{
    paths::PathKind,
    reader::TableReader,
    speaker::{SpeakerSpec, read_speaker},
};

/// A clinical role that speaks through a language model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LanguageSpec {
    /// How it speaks.
    #[serde(flatten)]
    pub speaker: SpeakerSpec,
    /// Most characters of earlier exchanges in a request, the oldest left out first.
    pub most_chars: u32,
    /// A file of the bias that the doctors are told to have.
    pub behaviour: Option<PathBuf>,
}

impl LanguageSpec {
    /// The role with its defaults.
    pub fn new(model: &str) -> Self {
        Self {
            speaker: SpeakerSpec::new(model),
            most_chars: 24_000,
            behaviour: None,
        }
    }
}

/// Reads the keys of a language policy beside `kind`; its model must be one of `models`.
pub(crate) fn read_language(table: &mut TableReader<'_>, models: &[&str]) -> Option<LanguageSpec> {
    let behaviour = table.path("behaviour", PathKind::File);
    let unbiased = read_unbiased(table, models)?;
    Some(LanguageSpec {
        behaviour,
        ..unbiased
    })
}

/// Reads the keys of a role that has no bias; its model must be one of `models`.
pub(crate) fn read_unbiased(table: &mut TableReader<'_>, models: &[&str]) -> Option<LanguageSpec> {
    let most_chars = table.count("most_chars", 1, 24_000);
    let speaker = read_speaker(table, models)?;
    Some(LanguageSpec {
        speaker,
        most_chars,
        behaviour: None,
    })
}
