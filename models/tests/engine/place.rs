//! Tiny models with tokenizers, laid out as folders.

use std::fs;
use std::path::{Path, PathBuf};

use rounds_models::local::engine::Engine;
use rounds_models::local::model::{LoadedModel, LocalOptions};
use tempfile::TempDir;

/// The golden checkpoints.
pub(crate) fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/local-llm")
}

/// A folder with the weights of `model` and the byte tokenizer.
pub(crate) fn folder(model: &str) -> TempDir {
    let place = tempfile::tempdir().unwrap();
    let from = golden();
    for (source, name) in [
        (format!("{model}_tiny/config.json"), "config.json"),
        (
            format!("{model}_tiny/model.safetensors"),
            "model.safetensors",
        ),
        ("tokenizer_bytes.json".to_owned(), "tokenizer.json"),
        ("tokenizer_config.json".to_owned(), "tokenizer_config.json"),
    ] {
        fs::copy(from.join(source), place.path().join(name)).unwrap();
    }
    place
}

/// An engine of the model in a folder.
pub(crate) fn engine(folder: &TempDir, options: &LocalOptions) -> Engine {
    let loaded = LoadedModel::open(folder.path(), options).unwrap();
    loaded.into_engine(options).unwrap().0
}
