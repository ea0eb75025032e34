//! Checkpoints exchanged with transformers, by `tests/local/transformers_checkpoints.py`.

use std::path::{Path, PathBuf};

use rounds_models::local::transformer::{Arithmetic, Checkpoint, TokenBatch, Transformer};
use serde_json::{Value, json};

use crate::golden_files::read;
use crate::tiny::{largest_difference, lively, values, variants};

const TOLERANCE: f32 = 2e-4;

fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("ROUNDS_CHECKPOINTS").map(PathBuf::from);
    if folder.is_none() {
        println!("skipped: ROUNDS_CHECKPOINTS names no folder with checkpoints of transformers");
    }
    folder
}

fn logits(checkpoint: &Checkpoint, arithmetic: Arithmetic, row: &[u32]) -> Vec<f32> {
    let transformer = Transformer::new(checkpoint.config.clone()).unwrap();
    let transformer = transformer.with_arithmetic(arithmetic);
    let batch = TokenBatch::new(&[row], 0).unwrap();
    values(&transformer.forward(&checkpoint.parameters, &batch).unwrap())
}

fn numbers<T>(list: &Value, convert: impl Fn(f64) -> T) -> Vec<T> {
    let list = list.as_array().unwrap();
    list.iter().map(|x| convert(x.as_f64().unwrap())).collect()
}

fn compare(path: &Path) -> f32 {
    let checkpoint = Checkpoint::load(path).unwrap();
    let expected = read(&path.join("expected.json"));
    let rows = expected["rows"].as_array().unwrap();
    let mut worst = 0.0f32;
    for (row, expected) in rows.iter().zip(expected["logits"].as_array().unwrap()) {
        let row = numbers(row, |id| id as u32);
        let expected = numbers(expected, |x| x as f32);
        for arithmetic in [Arithmetic::Fused, Arithmetic::Primitive] {
            let found = logits(&checkpoint, arithmetic, &row);
            let difference = largest_difference(&found, &expected);
            assert!(
                difference <= TOLERANCE,
                "{}, {arithmetic:?}: logits differ by {difference}",
                path.display()
            );
            worst = worst.max(difference);
        }
    }
    worst
}

#[test]
fn outside_checkpoints_of_transformers_agree() {
    let Some(folder) = folder() else { return };
    let mut worst = 0.0f32;
    let mut count = 0;
    for entry in std::fs::read_dir(folder.join("theirs")).unwrap() {
        worst = worst.max(compare(&entry.unwrap().path()));
        count += 1;
    }
    assert!(count > 0, "expected checkpoints in {}", folder.display());
    println!("{count} checkpoints of transformers, logits differ by at most {worst:e}");
}

#[test]
fn outside_checkpoints_are_written_for_transformers() {
    let Some(folder) = folder() else { return };
    let rows = [vec![3u32, 9, 1, 4, 20, 5, 7, 0, 22, 11], vec![11, 2, 22, 8]];
    for (name, config) in variants() {
        let path = folder.join("ours").join(name.replace([' ', ','], "_"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let checkpoint = Checkpoint::new(config.clone(), lively(&config, 31));
        checkpoint.save(&path).unwrap();
        let logits: Vec<_> = rows
            .iter()
            .map(|row| logits(&checkpoint, Arithmetic::Fused, row))
            .collect();
        let expected = json!({"rows": rows, "logits": logits});
        std::fs::write(path.join("expected.json"), expected.to_string()).unwrap();
    }
    println!("wrote {} checkpoints for transformers", variants().len());
}
