//! What replies of a given form cost and how many are valid, with an untrained model: logits are
//! drawn at random, so that only the grammar makes JSON of them.
//!
//! `cargo run --release -p rounds-models --features local --example structured_output [FOLDER]`
//! with the folder of a model's tokenizer; without one, a tokenizer of 32 000 tokens is trained on
//! made-up words and JSON.
#![expect(clippy::print_stdout, reason = "an example prints its table")]

#[path = "shared/words.rs"]
mod words;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rounds_environments::streams::Stream;
use rounds_models::Schema;
use rounds_models::local::text::{
    Detokenizer, DrawKey, Grammar, Sampler, Sampling, Seen, Step, Tokenizer,
};
use serde_json::{Value, json};

const REPLIES: u64 = 50;
const LIMIT: u64 = 400;

fn schemas() -> [(&'static str, Value); 4] {
    let vote = json!({"enum": ["admit", "send home", "ask again"]});
    let note = json!({"type": "string", "maxLength": 40});
    let share = json!({"type": "number", "minimum": 0, "maximum": 1});
    let object = |properties: Value| {
        let names: Vec<&String> = properties
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys())
            .collect();
        json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
    };
    let finding = object(json!({"name": note, "present": {"type": "boolean"}, "weight": share}));
    [
        ("vote", object(json!({"vote": vote}))),
        (
            "vote and reason",
            object(json!({"vote": vote, "reason": note, "belief": share})),
        ),
        (
            "findings",
            object(
                json!({"findings": {"type": "array", "items": finding, "minItems": 1, "maxItems": 4}}),
            ),
        ),
        ("string", note),
    ]
}

fn main() -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let tokenizer = match std::env::args().nth(1) {
        Some(folder) => Tokenizer::from_folder(Path::new(&folder))?,
        None => words::tokenizer(32_000)?,
    };
    let vocab = tokenizer.vocab_size();
    println!("tokenizer of {vocab} tokens: {:.1?}", start.elapsed());
    let start = Instant::now();
    let grammar = Grammar::new(&tokenizer, &tokenizer.eos_ids())?;
    println!("tree of tokens: {:.1?}\n", start.elapsed());
    println!(
        "{:16} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>7}",
        "schema", "read", "again", "mask", "slowest", "accept", "sample", "valid"
    );
    let mut sampler = Sampler::default();
    let mut logits = vec![0.0_f32; vocab];
    for (name, value) in schemas() {
        let schema = Schema::new(&value);
        let timed = |spent: &mut Duration, start: Instant| *spent += start.elapsed();
        let start = Instant::now();
        grammar.json_schema(&schema)?;
        let read = start.elapsed();
        let [mut again, mut mask, mut accept, mut sample] = [Duration::ZERO; 4];
        let (mut slowest, mut tokens, mut valid) = (Duration::ZERO, 0_u32, 0);
        for request in 0..REPLIES {
            let start = Instant::now();
            let mut state = grammar.json_schema(&schema)?;
            timed(&mut again, start);
            let mut detokenizer = Detokenizer::new(tokenizer.table().clone());
            let mut text = String::new();
            for index in 0..LIMIT {
                if state.is_stopped() {
                    break;
                }
                let mut rng = Stream::seed_from_u64(request);
                rng.set_stream(index);
                logits.fill_with(|| rng.random_range(-2.0..2.0));
                let start = Instant::now();
                let allowed = state.mask()?;
                let took = start.elapsed();
                mask += took;
                slowest = slowest.max(took);
                let start = Instant::now();
                let step = Step {
                    logits: &logits,
                    sampling: &Sampling::default(),
                    seen: &Seen::default(),
                    allowed: Some(allowed),
                    key: DrawKey { seed: 1, request },
                    index,
                };
                let token = sampler.sample(&step)?.token;
                timed(&mut sample, start);
                let start = Instant::now();
                state.accept(token)?;
                timed(&mut accept, start);
                text.push_str(detokenizer.push(token));
                tokens += 1;
            }
            valid +=
                u32::from(state.is_accepting() && serde_json::from_str::<Value>(&text).is_ok());
        }
        let each =
            |spent: Duration| format!("{:.1} us", spent.as_secs_f64() * 1e6 / f64::from(tokens));
        println!(
            "{name:16} {:>6} us {:>6} us {:>9} {:>6} us {:>9} {:>9} {valid:>4}/{REPLIES}",
            read.as_micros(),
            again.as_micros() / u128::from(REPLIES),
            each(mask),
            slowest.as_micros(),
            each(accept),
            each(sample),
        );
    }
    println!("\nwithout a grammar, logits of {vocab} tokens:");
    let ways = [
        ("greedy", Sampling::greedy()),
        (
            "temperature 0.7",
            Sampling {
                temperature: 0.7,
                ..Sampling::default()
            },
        ),
        (
            "top-k 40",
            Sampling {
                top_k: 40,
                ..Sampling::default()
            },
        ),
        (
            "top-p 0.9",
            Sampling {
                top_p: 0.9,
                ..Sampling::default()
            },
        ),
        (
            "min-p 0.05",
            Sampling {
                min_p: 0.05,
                ..Sampling::default()
            },
        ),
    ];
    for (sharpness, logits) in [("flat", 0.3), ("sharp", 3.0)].map(|(name, width)| {
        let mut rng = Stream::seed_from_u64(2);
        // The sum of uniform numbers is nearly normal.
        let normal = || {
            (0..12)
                .map(|_| rng.random_range(-0.5..0.5_f32))
                .sum::<f32>()
                * width
        };
        (
            name,
            std::iter::repeat_with(normal)
                .take(vocab)
                .collect::<Vec<f32>>(),
        )
    }) {
        for (name, sampling) in &ways {
            let start = Instant::now();
            for index in 0..200 {
                let step = Step {
                    logits: &logits,
                    sampling,
                    seen: &Seen::default(),
                    allowed: None,
                    key: DrawKey {
                        seed: 1,
                        request: 1,
                    },
                    index,
                };
                sampler.sample(&step)?;
            }
            let each = start.elapsed().as_secs_f64() * 1e6 / 200.0;
            println!("{sharpness:6} {name:16} {each:7.1} us");
        }
    }
    Ok(())
}
