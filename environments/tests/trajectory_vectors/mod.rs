//! Reading of reference vectors of control and offline data.

use serde_json::Value;

use super::golden_files::{self, real};

/// Content of a file; `None` when a folder of vectors is named that does not hold it.
pub(crate) fn vectors(file: &str) -> Option<Value> {
    golden_files::vectors("trajectory", file)
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
