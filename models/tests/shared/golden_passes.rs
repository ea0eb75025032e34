//! Logits, losses and greedy continuations against Hugging Face transformers, of any model that runs passes.

use rounds_models::local::cpu::{Chunk, Inference, KvCache, SequenceId, Wanted};

use crate::golden_files::{NAMES, json};
use crate::vectors::{argmax, floats, run, tokens};

fn close(got: &[f32], expected: &[f32], tolerance: f32, what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}");
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        assert!(
            (got - expected).abs() <= tolerance,
            "{what}, value {i}: expected {expected}, got {got}"
        );
    }
}

/// Logits of all positions and losses of the next tokens, with blocks of several sizes. `cache` makes a
/// cache of so many blocks of a size.
pub(crate) fn logits_and_losses<M: Inference>(
    model: impl Fn(&str) -> Option<M>,
    cache: impl Fn(&M, usize, usize) -> KvCache<M::Blocks>,
) {
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
            cache.open(sequence, &input).expect("a new sequence");
            let logits = run(&model, &mut cache, sequence, &input, &[]);
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
            let what = format!("{name}, {key}, blocks of {block_size}");
            close(&got, &floats(&file[key]["values"]), 2e-4, &what);
            cases += 1;
        }
    }
    println!("logits and losses: {cases} cases read");
}

/// Greedy continuations of prompts that decode together; the first step is the ragged batch of the vectors.
pub(crate) fn greedy_and_ragged<M: Inference>(
    model: impl Fn(&str) -> Option<M>,
    cache: impl Fn(&M, usize, usize) -> KvCache<M::Blocks>,
) {
    let mut cases = 0;
    for name in NAMES {
        let (Some(model), Some(file)) = (model(name), json(&format!("{name}.json"))) else {
            continue;
        };
        let greedy = file["greedy"].as_array().expect("a list");
        let mut next: Vec<Vec<u32>> = greedy.iter().map(|case| tokens(&case["prompt"])).collect();
        let mut continuations = vec![Vec::new(); next.len()];
        let mut cache = cache(&model, 64, 16);
        for (id, prompt) in (0..).map(SequenceId).zip(&next) {
            cache.open(id, prompt).expect("a new sequence");
        }
        for step in 0..24 {
            let chunk = |(sequence, tokens)| Chunk {
                sequence,
                tokens,
                wanted: Wanted::Last,
            };
            let tails = next.iter().map(Vec::as_slice);
            let chunks: Vec<Chunk<'_>> = (0..).map(SequenceId).zip(tails).map(chunk).collect();
            let logits = model.pass(&mut cache, &chunks).expect("a pass");
            if step == 0 {
                let rows: Vec<f32> = logits.rows().flatten().copied().collect();
                let expected = floats(&file["ragged_batch"]["last_logits"]);
                close(&rows, &expected, 5e-5, name);
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
