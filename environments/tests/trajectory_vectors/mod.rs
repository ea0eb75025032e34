//! Reading of reference vectors of control and offline data.

use std::path::PathBuf;

use serde_json::Value;

/// Where the files are: the folder that is named, or the project's own.
pub(crate) fn folder() -> PathBuf {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden");
    let named = std::env::var_os("ROUNDS_GOLDEN").map(PathBuf::from);
    let all = named.unwrap_or_else(|| PathBuf::from(own));
    all.join("trajectory")
}

/// Content of a file; `None` when a folder of vectors is named that does not hold it.
pub(crate) fn vectors(file: &str) -> Option<Value> {
    let path = folder().join(file);
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

/// A list of numbers, or one number as a list.
pub(crate) fn reals(value: &Value) -> Vec<f64> {
    match value {
        Value::Array(numbers) => numbers.iter().map(real).collect(),
        number => vec![real(number)],
    }
}

pub(crate) fn close(got: &[f64], expected: &[f64], tolerance: f64, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (at, (got, expected)) in got.iter().zip(expected).enumerate() {
        let miss = (got - expected).abs();
        assert!(
            miss <= tolerance,
            "{what}, {at}: expected {expected}, got {got}"
        );
    }
}
