//! Golden vectors of rubric scores.

use std::path::{Path, PathBuf};

use rounds::clinic::cases::{RubricItem, dataset_mean, rubric_score};
use serde_json::Value;

fn close(got: Option<f64>, expected: &Value, what: &str) {
    match (got, expected.as_f64()) {
        (None, None) => assert!(expected.is_null(), "{what}: expected {expected}"),
        (Some(got), Some(expected)) => {
            assert!(
                (got - expected).abs() <= 1e-9,
                "{what}: {got}, expected {expected}"
            );
        }
        (got, expected) => panic!("{what}: got {got:?}, expected {expected:?}"),
    }
}

#[test]
fn golden_rubric_score() {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/golden");
    let outside = std::env::var_os("ROUNDS_GOLDEN");
    let root = outside
        .as_ref()
        .map_or_else(|| Path::new(own).to_owned(), PathBuf::from);
    let path = root.join("dynamicare/rubric_score.json");
    if outside.is_some() && !path.exists() {
        println!("skipped: {} is missing", path.display());
        return;
    }
    let file: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(!cases.is_empty());
    let mut scores = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let items: Vec<RubricItem<'_>> = case["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| RubricItem {
                points: item["points"].as_f64().unwrap(),
                axis: item["axis"].as_str().unwrap(),
                met: Some(item["met"].as_bool().unwrap()),
            })
            .collect();
        let score = rubric_score(&items);
        close(score.score, &case["score"], &format!("case {number}"));
        let axes = case["by_axis"].as_object().unwrap();
        assert_eq!(score.by_axis.len(), axes.len(), "case {number}");
        for (axis, expected) in axes {
            close(
                score.by_axis[axis],
                expected,
                &format!("case {number}, {axis}"),
            );
        }
        scores.push(score.score);
    }
    let (mean, scored) = dataset_mean(scores);
    close(mean, &file["dataset_mean_clipped_0_1"], "mean");
    assert_eq!(scored as u64, file["n_scored"].as_u64().unwrap());
    println!("rubric_score.json: {} cases", cases.len());
}
