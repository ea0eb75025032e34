//! How a language model is spoken through: the keys that its roles share.

use std::path::PathBuf;

use serde::Serialize;

use super::{paths::PathKind, reader::TableReader, values::NOT_NEGATIVE};

/// How a language model is spoken through.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SpokenSpec {
    /// A folder of prompts in place of the built-in ones.
    pub prompts: Option<PathBuf>,
    /// Sampling temperature, at least 0.
    pub temperature: f64,
    /// Most tokens of a reply, at least 1.
    pub max_tokens: u32,
    /// Most characters of earlier exchanges, or of a record, in a request.
    pub most_chars: u32,
    /// Whether a schema is sent with requests whose replies are objects.
    pub structured: bool,
    /// How often an unreadable reply is asked again.
    pub re_asks: u32,
}

impl Default for SpokenSpec {
    /// Of doctors (DynamiCare card, section 4).
    fn default() -> Self {
        Self {
            prompts: None,
            temperature: 0.3,
            max_tokens: 1024,
            most_chars: 24_000,
            structured: true,
            re_asks: 2,
        }
    }
}

/// Reads the keys that are written among others in `table`; what is not written is as in `base`.
pub(super) fn read_spoken(table: &mut TableReader<'_>, base: SpokenSpec) -> SpokenSpec {
    SpokenSpec {
        prompts: table.path("prompts", PathKind::Folder).or(base.prompts),
        temperature: table.number("temperature", NOT_NEGATIVE, base.temperature),
        max_tokens: table.count("max_tokens", 1, base.max_tokens),
        most_chars: table.count("most_chars", 1, base.most_chars),
        structured: table.boolean("structured", base.structured),
        re_asks: table.count("re_asks", 0, base.re_asks),
    }
}
