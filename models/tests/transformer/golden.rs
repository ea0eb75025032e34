//! Golden vectors of eight tiny models, computed by transformers.

use rounds_models::local::transformer::{Arithmetic, Checkpoint, TokenBatch, Transformer};
use serde_json::Value;

use crate::golden_files::{NAMES, json};
use crate::tiny::{golden_folder, largest_difference, values};

const LOGITS: f32 = 2e-4;
const RAGGED: f32 = 5e-5;

struct Case {
    name: &'static str,
    spelling: &'static str,
    checkpoint: Checkpoint,
    transformer: Transformer,
    vectors: Value,
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in NAMES {
        for spelling in ["config.json", "config_transformers_v5.json"] {
            let (Some(dir), Some(vectors)) =
                (golden_folder(name, spelling), json(&format!("{name}.json")))
            else {
                continue;
            };
            let checkpoint = Checkpoint::load(dir.path()).unwrap();
            for arithmetic in [Arithmetic::Fused, Arithmetic::Primitive] {
                let transformer = Transformer::new(checkpoint.config.clone()).unwrap();
                cases.push(Case {
                    name,
                    spelling,
                    transformer: transformer.with_arithmetic(arithmetic),
                    checkpoint: checkpoint.clone(),
                    vectors: vectors.clone(),
                });
            }
        }
    }
    cases
}

fn ids(value: &Value) -> Vec<u32> {
    let list = value.as_array().unwrap();
    list.iter().map(|id| id.as_u64().unwrap() as u32).collect()
}

fn reals(value: &Value) -> Vec<f32> {
    let list = value.as_array().unwrap();
    list.iter().map(|x| x.as_f64().unwrap() as f32).collect()
}

impl Case {
    fn logits(&self, rows: &[Vec<u32>]) -> Vec<Vec<Vec<f32>>> {
        let batch = TokenBatch::new(rows, 258).unwrap();
        let parameters = &self.checkpoint.parameters;
        let logits = self.transformer.forward(parameters, &batch).unwrap();
        logits.to_vec3().unwrap()
    }
}

#[test]
fn golden_logits_of_all_positions() {
    let mut worst = 0.0f32;
    let cases = cases();
    for case in &cases {
        let expected = &case.vectors["logits"];
        let logits = case.logits(&[ids(&expected["input_ids"])]);
        let found = logits[0].concat();
        let difference = largest_difference(&found, &reals(&expected["values"]));
        assert!(
            difference <= LOGITS,
            "{} {}: logits differ by {difference}",
            case.name,
            case.spelling
        );
        worst = worst.max(difference);
    }
    println!("{} cases, logits differ by at most {worst:e}", cases.len());
}

#[test]
fn golden_likelihoods_of_next_tokens() {
    let mut worst = 0.0f32;
    let cases = cases();
    for case in &cases {
        let expected = &case.vectors["token_nll"];
        let ids = ids(&expected["input_ids"]);
        let batch = TokenBatch::new(std::slice::from_ref(&ids), 258).unwrap();
        let parameters = &case.checkpoint.parameters;
        let hidden = case.transformer.forward_hidden(parameters, &batch).unwrap();
        let positions: Vec<_> = (0..ids.len() - 1).map(|at| (0, at)).collect();
        let nll = case
            .transformer
            .token_nll(parameters, &hidden, &positions, &ids[1..])
            .unwrap();
        let difference = largest_difference(&values(&nll), &reals(&expected["values"]));
        assert!(
            difference <= LOGITS,
            "{}: differ by {difference}",
            case.name
        );
        worst = worst.max(difference);
    }
    println!("{} cases, NLL differ by at most {worst:e}", cases.len());
}

#[test]
fn golden_greedy_continuations() {
    let mut count = 0;
    for case in &cases() {
        for greedy in case.vectors["greedy"].as_array().unwrap() {
            let mut row = ids(&greedy["prompt"]);
            let expected = ids(&greedy["continuation"]);
            let prompt = row.len();
            for _ in 0..expected.len() {
                let logits = case.logits(std::slice::from_ref(&row));
                let last = logits[0].last().unwrap();
                let best = (0..last.len())
                    .rev()
                    .max_by(|&a, &b| last[a].total_cmp(&last[b]));
                row.push(best.unwrap() as u32);
            }
            assert_eq!(row[prompt..], expected, "{} {}", case.name, case.spelling);
            count += 1;
        }
    }
    println!("{count} greedy continuations are equal");
}

#[test]
fn golden_ragged_batches() {
    let mut worst = 0.0f32;
    let cases = cases();
    for case in &cases {
        let ragged = &case.vectors["ragged_batch"];
        let rows: Vec<Vec<u32>> = ragged["input_ids"]
            .as_array()
            .unwrap()
            .iter()
            .zip(ragged["attention_mask"].as_array().unwrap())
            .map(|(row, mask)| {
                let seen = ids(mask);
                let real = ids(row)
                    .into_iter()
                    .zip(seen)
                    .filter(|(_, seen)| *seen == 1);
                real.map(|(id, _)| id).collect()
            })
            .collect();
        let logits = case.logits(&rows);
        let last: Vec<f32> = rows
            .iter()
            .zip(&logits)
            .flat_map(|(row, logits)| logits[row.len() - 1].clone())
            .collect();
        let difference = largest_difference(&last, &reals(&ragged["last_logits"]));
        assert!(
            difference <= RAGGED,
            "{}: differ by {difference}",
            case.name
        );
        worst = worst.max(difference);
    }
    println!("{} ragged batches differ by at most {worst:e}", cases.len());
}
