//! The files of the golden vectors of tiny models.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The tiny models.
pub(crate) const NAMES: [&str; 8] = [
    "llama",
    "llama3_rope",
    "qwen2",
    "qwen3",
    "mistral",
    "mistral_window",
    "gemma",
    "gemma2",
];

/// A file or folder of the vectors; `None`, with a line, when an outside folder lacks it.
pub(crate) fn path(name: &str) -> Option<PathBuf> {
    let Some(root) = std::env::var_os("ROUNDS_GOLDEN") else {
        let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden/local-llm");
        return Some(Path::new(own).join(name));
    };
    let path = PathBuf::from(root).join("local-llm").join(name);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: {} is missing", path.display());
    None
}

/// A file of the vectors that is JSON.
pub(crate) fn json(name: &str) -> Option<Value> {
    Some(read(&path(name)?))
}

/// Any file that is JSON.
pub(crate) fn read(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).expect("vectors can be read");
    serde_json::from_str(&text).expect("vectors are JSON")
}
