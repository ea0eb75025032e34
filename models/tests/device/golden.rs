//! Logits, losses and greedy continuations against Hugging Face transformers.

use rounds_models::local::cpu::{Chunk, Inference, SequenceId, Wanted};

use crate::golden_files::{NAMES, json};
use crate::models::{cache, distance, exact};
use crate::vectors::{argmax, floats, run, tokens};

#[test]
fn golden_device_logits_and_losses() {
    let mut cases = 0;
    for name in NAMES {
        let (Some(model), Some(file)) = (exact(name), json(&format!("{name}.json"))) else {
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
            cache.open(sequence, &input).expect("a new sequence");
            let logits = run(&model, &mut cache, sequence, &input, &[]);
            let expected = floats(&file[key]["values"]);
            let got = match key {
                "logits" => logits,
                _ => logits
                    .chunks(vocab)
                    .zip(&input[1..])
                    .map(|(row, next)| {
                        let sum: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
                        (sum.ln() - f64::from(row[*next as usize])) as f32
                    })
                    .collect(),
            };
            let off = distance(&got, &expected);
            assert!(off <= 2e-4, "{name}, {key}, blocks of {block_size}: {off}");
            cases += 1;
        }
    }
    println!("logits and losses: {cases} cases read");
}

#[test]
fn golden_device_greedy_and_ragged_batch() {
    let mut cases = 0;
    for name in NAMES {
        let (Some(model), Some(file)) = (exact(name), json(&format!("{name}.json"))) else {
            continue;
        };
        let greedy = file["greedy"].as_array().expect("a list");
        let mut next: Vec<Vec<u32>> = greedy.iter().map(|case| tokens(&case["prompt"])).collect();
        let mut continuations = vec![Vec::new(); next.len()];
        let mut cache = cache(&model, 64, 16);
        for (i, prompt) in next.iter().enumerate() {
            cache
                .open(SequenceId(i as u64), prompt)
                .expect("a new sequence");
        }
        // All prompts decode together; the first step is the ragged batch of the vectors.
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
            let logits = model.pass(&mut cache, &chunks).expect("a pass");
            if step == 0 {
                let rows: Vec<f32> = logits.rows().flatten().copied().collect();
                let off = distance(&rows, &floats(&file["ragged_batch"]["last_logits"]));
                assert!(off <= 5e-5, "{name}: {off}");
                cases += 1;
            }
            for (i, row) in logits.rows().enumerate() {
                continuations[i].push(argmax(row));
                next[i] = vec![argmax(row)];
            }
        }
        for (case, got) in greedy.iter().zip(continuations) {
            assert_eq!(got, tokens(&case["continuation"]), "{name}");
            cases += 1;
        }
    }
    println!("greedy and ragged: {cases} cases read");
}
