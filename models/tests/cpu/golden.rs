//! Logits, losses and greedy continuations against Hugging Face transformers.

use rounds_models::local::cpu::{Chunk, Logits, SequenceId, Wanted};

use crate::golden_files::{NAMES, json};
use crate::vectors::{argmax, cache, floats, model, run, tokens};

fn close(got: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= tolerance,
            "{what}, value {i}: expected {expected}, got {got}"
        );
    }
}

#[test]
fn golden_cpu_logits_and_losses() {
    let mut cases = 0;
    for name in NAMES {
        let (Some(model), Some(file)) = (model(name), json(&format!("{name}.json"))) else {
            continue;
        };
        let vocab = model.config().vocab_size;
        for (id, (block_size, key)) in [(16, "logits"), (1, "logits"), (7, "token_nll")]
            .into_iter()
            .enumerate()
        {
            let mut cache = cache(&model, 64, block_size);
            let sequence = SequenceId(id as u64);
            let input = tokens(&file[key]["input_ids"]);
            cache.open(sequence, &input).unwrap();
            let logits = run(&model, &mut cache, sequence, &input, &[]);
            let expected = floats(&file[key]["values"]);
            if key == "logits" {
                close(&logits, &expected, 2e-4, name);
            } else {
                let losses = logits.chunks(vocab).zip(&input[1..]).map(|(row, next)| {
                    let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
                    (sum.ln() - f64::from(row[*next as usize])) as f32
                });
                close(&losses.collect::<Vec<_>>(), &expected, 2e-4, name);
            }
            cases += 1;
        }
    }
    println!("logits and losses: {cases} cases read");
}

#[test]
fn golden_cpu_greedy_and_ragged_batch() {
    let mut cases = 0;
    for name in NAMES {
        let (Some(model), Some(file)) = (model(name), json(&format!("{name}.json"))) else {
            continue;
        };
        let prompts: Vec<Vec<u32>> = file["greedy"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|case| tokens(&case["prompt"]))
            .collect();
        let mut cache = cache(&model, 64, 16);
        // All prompts decode together; the first step is the ragged batch of the vectors.
        let mut next = prompts.clone();
        let mut continuations = vec![Vec::new(); prompts.len()];
        for (i, prompt) in prompts.iter().enumerate() {
            cache.open(SequenceId(i as u64), prompt).unwrap();
        }
        for step in 0..24 {
            let chunks: Vec<Chunk<'_>> = next
                .iter()
                .enumerate()
                .map(|(i, tokens)| Chunk {
                    sequence: SequenceId(i as u64),
                    tokens,
                    wanted: Wanted::Last,
                })
                .collect();
            let logits: Logits = model.pass(&mut cache, &chunks).unwrap();
            if step == 0 {
                let rows: Vec<f32> = logits.rows().flatten().copied().collect();
                let expected = floats(&file["ragged_batch"]["last_logits"]);
                close(&rows, &expected, 5e-5, name);
                cases += 1;
            }
            let choices: Vec<u32> = logits.rows().map(argmax).collect();
            for (i, choice) in choices.into_iter().enumerate() {
                continuations[i].push(choice);
                next[i] = vec![choice];
            }
        }
        for (case, got) in file["greedy"]
            .as_array()
            .expect("a list")
            .iter()
            .zip(continuations)
        {
            assert_eq!(got, tokens(&case["continuation"]), "{name}");
            cases += 1;
        }
    }
    println!("greedy and ragged: {cases} cases read");
}
