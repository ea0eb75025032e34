//! What a file says it is.

use std::path::Path;

use super::document::{Data, parse};
use super::paths::read_settings;
use super::source::Source;

/// The value of `schema` in a training file.
pub const TRAINING_SCHEMA: &str = "rounds.training/1";

/// The value of `schema` in a TOML or JSON file; `None` when the file has none or cannot be read.
pub fn schema_of(path: &Path) -> Option<String> {
    let source = Source::file(path, read_settings(path).ok()?);
    let table = match path.extension().is_some_and(|e| e == "json") {
        true => super::json::parse(&source),
        false => parse(&source),
    };
    match table.ok()?.remove("schema")?.value.data {
        Data::String(schema) => Some(schema),
        _ => None,
    }
}
