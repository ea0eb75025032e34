//! Reading of reference vectors.

use std::path::PathBuf;

use serde_json::Value;

/// Where the files of a card are: in the folder that is named, or the project's own.
pub(crate) fn folder(card: &str) -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden");
    let named = std::env::var_os("ROUNDS_GOLDEN").map(PathBuf::from);
    let all = named.unwrap_or_else(|| PathBuf::from(own));
    all.join(card)
}

/// Content of a file; `None` when a folder of vectors is named that does not hold it.
pub(crate) fn vectors(card: &str, file: &str) -> Option<Value> {
    let path = folder(card).join(file);
    if std::env::var_os("ROUNDS_GOLDEN").is_some() && !path.is_file() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    let text = std::fs::read_to_string(&path).unwrap();
    Some(serde_json::from_str(&text).unwrap())
}

pub(crate) fn counted(file: &str, count: usize) {
    println!("{file}: {count} cases read");
    assert!(count > 0, "{file} holds no case");
}

pub(crate) fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap()
}

pub(crate) fn real(value: &Value) -> f64 {
    value.as_f64().unwrap()
}
