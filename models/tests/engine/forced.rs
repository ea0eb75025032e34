//! Tokens that must come next: the same replies whether the model is asked for them or not.

use rand::SeedableRng;
use rounds_environments::streams::Stream;
use rounds_models::Schema;
use rounds_models::local::cpu::{
    CacheShape, CpuModel, KvCache, Scheduler, SchedulerOptions, Threads,
};
use rounds_models::local::engine::{Engine, Form, Generated, GenerationRequest, Vocabulary};
use rounds_models::local::model::LocalOptions;
use rounds_models::local::text::{DrawKey, Sampling, StopReason, Tokenizer};
use rounds_models::local::transformer::{Initial, Parameters, TransformerConfig};
use serde_json::{Value, json};

use crate::compositions::same_bits;
use crate::place::{engine, folder, golden};
use crate::requests::{below, replies, requests};

const CONTEXT: usize = 120;

/// A random model with a tokenizer whose tokens have several bytes.
struct Words {
    config: TransformerConfig,
    model: CpuModel,
    tokenizer: Tokenizer,
}

impl Words {
    fn new(threads: usize) -> Self {
        let json = std::fs::read(golden().join("tokenizer_bpe.json")).unwrap();
        let config = std::fs::read_to_string(golden().join("tokenizer_config.json")).unwrap();
        let config = serde_json::from_str(&config).unwrap();
        let tokenizer = Tokenizer::from_json("pairs", &json, config, &Value::Null).unwrap();
        let config = TransformerConfig::llama(tokenizer.vocab_size(), 32, 48, 2, 2, 1, 256);
        let device = candle_core::Device::Cpu;
        let parameters = Parameters::random(&config, 5, Initial::default(), &device).unwrap();
        let threads = Threads::new(threads);
        let model = CpuModel::from_parameters(&config, &parameters, threads).unwrap();
        Self {
            config,
            model,
            tokenizer,
        }
    }

    /// `blocks` of 4 tokens are the cache.
    fn engine(&self, blocks: usize, options: SchedulerOptions) -> Engine {
        let shape = CacheShape {
            block_size: 4,
            ..CacheShape::of(&self.config, blocks)
        };
        let cache = KvCache::new(shape, b"words").unwrap();
        let allowed = self
            .tokenizer
            .check_vocabulary(self.config.vocab_size)
            .unwrap();
        let vocabulary =
            Vocabulary::new(&self.tokenizer, allowed, &self.tokenizer.eos_ids()).unwrap();
        let scheduler = Scheduler::new(cache, options);
        Engine::new(self.model.clone(), scheduler, vocabulary, CONTEXT)
    }
}

fn forms() -> Vec<Form> {
    let object = |properties: Value| {
        let names: Vec<&String> = properties.as_object().unwrap().keys().collect();
        json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
    };
    let note = json!({"type": "string", "maxLength": 9});
    let finding = object(json!({"finding": note, "present": {"type": "boolean"}}));
    let schemas = [
        object(json!({"disposition": {"enum": ["admit", "admit to the ward", "send home"]}})),
        object(json!({"reason": note, "belief": {"type": "number", "minimum": 0, "maximum": 1}})),
        object(
            json!({"findings": {"type": "array", "items": finding, "minItems": 1, "maxItems": 2}}),
        ),
        object(json!({"text \"quoted\" été": {"const": "🙂 naïve"}, "n": {"enum": [1, 12]}})),
        json!({"const": {"nothing": ["is", "left", null]}}),
    ];
    let schemas = schemas
        .iter()
        .map(|schema| Form::JsonSchema(Schema::new(schema)));
    let others = [
        Form::Regex("answer: (yes|no), because of the [a-c]{2}ne".to_owned()),
        Form::Free,
    ];
    schemas.chain(others).collect()
}

/// Requests of all forms; many are cut off inside of what is forced, or end with a text there.
fn asked(count: usize, vocab: usize) -> Vec<GenerationRequest> {
    let (forms, mut draw) = (forms(), Stream::seed_from_u64(23));
    let kinds = requests(4);
    (0..count)
        .map(|k| GenerationRequest {
            prompt: (0..=below(&mut draw, 40))
                .map(|_| below(&mut draw, vocab.min(256)) as u32)
                .collect(),
            sampling: match below(&mut draw, 5) {
                0 => Sampling {
                    logit_bias: vec![(below(&mut draw, vocab) as u32, 3.0)],
                    ..Sampling::default()
                },
                kind => kinds[kind % 4].sampling.clone(),
            },
            max_tokens: 1 + [below(&mut draw, 20), 200][below(&mut draw, 2)] as u64,
            stop: match below(&mut draw, 6) {
                0 => vec!["nd".to_owned(), "cause o".to_owned()],
                _ => Vec::new(),
            },
            form: forms[below(&mut draw, forms.len())].clone(),
            draw: DrawKey {
                seed: 1,
                request: k as u64,
            },
            logprobs: below(&mut draw, 4) == 0,
        })
        .collect()
}

/// Each reply alone, and the passes that they took.
fn alone(asked: &[GenerationRequest], make: impl Fn() -> Engine) -> (Vec<Generated>, u64) {
    let mut passes = 0;
    let of = |request| {
        let mut engine = make();
        let reply = replies(&mut engine, &[(0, request)]).remove(0);
        passes += engine.counters().1.steps;
        reply
    };
    (asked.iter().map(of).collect(), passes)
}

fn compare(asked: &[GenerationRequest], expected: &[Generated], got: &[Generated], what: &str) {
    for ((request, expected), got) in asked.iter().zip(expected).zip(got) {
        assert!(
            same_bits(expected, got),
            "{what}: {request:?}\nasked for all {expected:?}\n        got {got:?}"
        );
    }
}

#[test]
fn tokens_of_several_bytes_that_are_forced_are_those_that_would_be_drawn() {
    let words = [Words::new(1), Words::new(2)];
    let roomy = || words[0].engine(100, SchedulerOptions::default());
    let asked = asked(300, words[0].config.vocab_size);
    let (expected, passes) = alone(&asked, || roomy().skip_forced_tokens(false));
    let (got, fewer) = alone(&asked, roomy);
    compare(&asked, &expected, &got, "alone");
    let tokens: u64 = expected.iter().map(|reply| reply.tokens.len() as u64).sum();
    println!("{tokens} tokens: {passes} passes, {fewer} without those for forced tokens");
    assert!(passes >= tokens && fewer * 10 < passes * 9);
    let mut draw = Stream::seed_from_u64(31);
    for round in 0..40 {
        let options = SchedulerOptions {
            token_budget: 1 + below(&mut draw, 60),
            max_running: 1 + below(&mut draw, 9),
            share_prefixes: below(&mut draw, 3) > 0,
        };
        let blocks = 30 + below(&mut draw, 40);
        let mut engine = words[below(&mut draw, 2)].engine(blocks, options);
        let chosen: Vec<usize> = (0..12).map(|_| below(&mut draw, asked.len())).collect();
        let company: Vec<(u32, &GenerationRequest)> = chosen
            .iter()
            .map(|&k| (below(&mut draw, 9) as u32, &asked[k]))
            .collect();
        let got = replies(&mut engine, &company);
        for (&k, got) in chosen.iter().zip(got) {
            compare(
                &asked[k..=k],
                &expected[k..=k],
                &[got],
                &format!("company {round}"),
            );
        }
    }
}

#[test]
fn bytes_that_are_forced_are_those_that_would_be_drawn() {
    for model in ["llama", "gemma2"] {
        let place = folder(model);
        let options = LocalOptions {
            context: Some(CONTEXT),
            ..LocalOptions::default()
        };
        let mut asks = engine(&place, &options).skip_forced_tokens(false);
        let mut skips = engine(&place, &options);
        let asked = asked(60, 256);
        let all: Vec<(u32, &GenerationRequest)> = (0..).zip(&asked).collect();
        let (expected, got) = (replies(&mut asks, &all), replies(&mut skips, &all));
        compare(&asked, &expected, &got, model);
        assert!(skips.counters().1.steps < asks.counters().1.steps);
    }
}

#[test]
fn a_reply_without_a_choice_needs_no_pass() {
    let words = Words::new(1);
    let mut engine = words.engine(100, SchedulerOptions::default());
    let request = GenerationRequest {
        form: forms().remove(4),
        logprobs: false,
        sampling: Sampling::greedy(),
        max_tokens: 100,
        stop: Vec::new(),
        ..asked(1, 256).remove(0)
    };
    let cancelled = engine.begin(&request).unwrap();
    engine.cancel(cancelled);
    let reply = replies(&mut engine, &[(0, &request)]).remove(0);
    assert_eq!(reply.text, r#"{"nothing":["is","left",null]}"#);
    assert_eq!(reply.reason, StopReason::Grammar);
    assert_eq!(engine.counters().1.steps, 0);
}
