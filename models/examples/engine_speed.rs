//! What an engine's replies cost on the CPU, with a random Llama of 109.5 million parameters and a
//! vocabulary of 32 000 tokens: of a given form against free ones, and with a shared beginning.
//!
//! `cargo run --release -p rounds-models --features local --example engine_speed [threads] [runs] [weights] [part]`
//!
//! Weights: `f32` or `Q4_K` (default: both); part: `forms` or `prefix` (default: both). Each time is the best of
//! several runs. With one thread on Linux it is the thread's own on the processor, else that of the clock.
//! `local_products` tells what it costs that products do not depend on the batch.
#![expect(clippy::print_stdout, reason = "an example prints its table")]

#[path = "shared/clock.rs"]
mod clock;
#[path = "shared/words.rs"]
mod words;

use std::error::Error;
use std::time::Instant;

use candle_core::Device;
use rounds_models::Schema;
use rounds_models::local::cpu::{
    BlockFormat, CacheShape, CpuModel, KvCache, Level, Scheduler, SchedulerOptions, Threads,
};
use rounds_models::local::engine::{Engine, Form, Generated, GenerationRequest, Vocabulary};
use rounds_models::local::text::{DrawKey, Sampling, Tokenizer};
use rounds_models::local::transformer::{Initial, Parameters, TransformerConfig};
use serde_json::{Value, json};

const VOCAB: usize = 32_000;
const CONTEXT: usize = 1024;
const LIMIT: u64 = 48;
const SHARED: usize = 512;
const OWN: usize = 32;
const DECODED: u64 = 32;

fn schemas() -> [(&'static str, Value); 3] {
    let note = json!({"type": "string", "maxLength": 60});
    let share = json!({"type": "number", "minimum": 0, "maximum": 1});
    let object = |properties: Value| {
        let names: Vec<&String> = properties
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys())
            .collect();
        json!({"type": "object", "properties": properties, "required": names, "additionalProperties": false})
    };
    let finding = object(
        json!({"finding": {"enum": ["fever", "cough", "rash", "stiff neck"]}, "present": {"type": "boolean"}, "weight": share}),
    );
    [
        (
            "disposition",
            object(json!({
                "disposition": {"enum": ["admit", "send home", "refer", "observe"]},
                "urgency": {"enum": ["routine", "urgent", "emergency"]},
                "reason": note,
            })),
        ),
        (
            "findings",
            object(
                json!({"findings": {"type": "array", "items": finding, "minItems": 2, "maxItems": 3}}),
            ),
        ),
        (
            "note",
            object(json!({"note": {"type": "string", "maxLength": 200}})),
        ),
    ]
}

struct Bench {
    model: CpuModel,
    tokenizer: Tokenizer,
    runs: usize,
}

impl Bench {
    fn engine(&self, agents: usize, share_prefixes: bool) -> Result<Engine, Box<dyn Error>> {
        let config = self.model.config();
        let blocks = agents * (SHARED + OWN + LIMIT as usize).div_ceil(16);
        let cache = KvCache::new(CacheShape::of(config, blocks), b"random")?;
        let options = SchedulerOptions {
            share_prefixes,
            ..SchedulerOptions::default()
        };
        let eos = self.tokenizer.eos_ids();
        let allowed = self.tokenizer.check_vocabulary(config.vocab_size)?;
        let vocabulary = Vocabulary::new(&self.tokenizer, allowed, &eos)?;
        let scheduler = Scheduler::new(cache, options);
        Ok(Engine::new(
            self.model.clone(),
            scheduler,
            vocabulary,
            CONTEXT,
        ))
    }

    /// Replies in the order of requests, and the seconds that they took.
    fn replies(
        &self,
        engine: &mut Engine,
        asked: &[GenerationRequest],
    ) -> Result<(Vec<Generated>, f64), Box<dyn Error>> {
        let origin = Instant::now();
        let start = clock::seconds(self.model.threads(), origin);
        let tickets = asked
            .iter()
            .map(|request| engine.begin(request))
            .collect::<Result<Vec<_>, _>>()?;
        let mut ended = Vec::new();
        while !engine.is_empty() {
            for (ticket, news) in engine.step() {
                if let Some(reply) = news.ended {
                    ended.push((ticket, reply?));
                }
            }
        }
        let took = clock::seconds(self.model.threads(), origin) - start;
        ended.sort_unstable_by_key(|(ticket, _)| tickets.iter().position(|t| t == ticket));
        Ok((ended.into_iter().map(|(_, reply)| reply).collect(), took))
    }

    /// Replies of each form against free ones of as many tokens each.
    fn forms(&self, name: &str) -> Result<(), Box<dyn Error>> {
        for agents in [1, 8, 32] {
            for (schema, value) in schemas() {
                let formed: Vec<GenerationRequest> = (0..agents)
                    .map(|agent| GenerationRequest {
                        form: Form::JsonSchema(Schema::new(&value)),
                        ..request(agent, &[], 4, LIMIT)
                    })
                    .collect();
                let mut engines = [
                    self.engine(agents as usize, false)?,
                    self.engine(agents as usize, false)?
                        .skip_forced_tokens(false),
                    self.engine(agents as usize, false)?,
                ];
                let replies = self.replies(&mut engines[1], &formed)?.0;
                let tokens: usize = replies.iter().map(|reply| reply.tokens.len()).sum();
                let free: Vec<GenerationRequest> = (0..agents)
                    .zip(&replies)
                    .map(|(agent, reply)| request(agent, &[], 4, reply.tokens.len() as u64))
                    .collect();
                let mut best = [f64::INFINITY; 3];
                for _ in 0..self.runs {
                    for ((engine, best), asked) in engines
                        .iter_mut()
                        .zip(&mut best)
                        .zip([&free, &formed, &formed])
                    {
                        let (replies, took) = self.replies(engine, asked)?;
                        assert_eq!(
                            replies.iter().map(|r| r.tokens.len()).sum::<usize>(),
                            tokens
                        );
                        *best = best.min(took * 1e3 / tokens as f64);
                    }
                }
                let more = |with: f64| 100.0 * (with / best[0] - 1.0);
                println!(
                    "{name:>8} {agents:>6} {schema:>12} {tokens:>7} {:>9.2} {:>9.2} {:>+7.1}% {:>9.2} {:>+7.1}%",
                    best[0],
                    best[1],
                    more(best[1]),
                    best[2],
                    more(best[2]),
                );
            }
        }
        Ok(())
    }

    /// Agents whose prompts begin alike, with and without the cache of beginnings.
    fn prefix(&self, name: &str) -> Result<(), Box<dyn Error>> {
        let shared = tokens(7, SHARED);
        for agents in [1, 8, 32] {
            let asked: Vec<GenerationRequest> = (0..agents)
                .map(|agent| request(agent, &shared, OWN, DECODED))
                .collect();
            for share in [false, true] {
                let mut engine = self.engine(agents as usize, share)?;
                let (replies, took) = self.replies(&mut engine, &asked)?;
                let (cache, _) = engine.counters();
                let prompts = agents * (SHARED + OWN) as u64;
                let decoded: usize = replies.iter().map(|reply| reply.tokens.len()).sum();
                println!(
                    "{name:>8} {agents:>6} {share:>7} {:>9} {:>7.1}% {took:>8.2} {:>11.1}",
                    prompts - cache.found,
                    100.0 * cache.found as f64 / prompts as f64,
                    decoded as f64 / took,
                );
            }
        }
        Ok(())
    }
}

/// Made-up tokens without those that end a reply.
fn tokens(salt: u64, count: usize) -> Vec<u32> {
    let token = |i: u64| (300 + (i * 7919 + salt * 104_729) % 31_000) as u32;
    (0..count as u64).map(token).collect()
}

fn request(agent: u64, shared: &[u32], own: usize, max_tokens: u64) -> GenerationRequest {
    GenerationRequest {
        prompt: [shared, &tokens(1000 + agent, own)].concat(),
        sampling: Sampling::default(),
        max_tokens,
        stop: Vec::new(),
        form: Form::Free,
        draw: DrawKey {
            seed: 1,
            request: agent,
        },
        logprobs: false,
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = |at: usize| std::env::args().nth(at);
    let threads = argument(1).map_or(Ok(1), |arg| arg.parse())?;
    let runs = argument(2).map_or(Ok(3), |arg| arg.parse())?;
    let weights = argument(3).unwrap_or_else(|| "all".to_owned());
    let part = argument(4).unwrap_or_else(|| "all".to_owned());
    let config = TransformerConfig::llama(VOCAB, 768, 2048, 12, 12, 12, 2048);
    let parameters = Parameters::random(&config, 1, Initial::default(), &Device::Cpu)?;
    let tokenizer = words::tokenizer(VOCAB)?;
    println!(
        "{threads} threads, {:?}, best of {runs} runs, {} tokens in the vocabulary",
        Level::best(),
        tokenizer.vocab_size()
    );
    let wanted = |asked: &str, name: &str| asked == "all" || asked == name;
    for format in [None, Some(BlockFormat::Q4K)] {
        let name = format.map_or("f32", BlockFormat::name);
        if !wanted(&weights, name) {
            continue;
        }
        let threads = Threads::new(threads);
        let bench = Bench {
            model: match format {
                None => CpuModel::from_parameters(&config, &parameters, threads)?,
                Some(format) => CpuModel::quantised(&config, &parameters, format, threads)?,
            },
            tokenizer: tokenizer.clone(),
            runs,
        };
        if wanted(&part, "forms") {
            println!(
                "{:>8} {:>6} {:>12} {:>7} {:>9} {:>18} {:>18}",
                "weights", "agents", "form", "tokens", "free ms", "formed ms", "forced skipped"
            );
            bench.forms(name)?;
        }
        if wanted(&part, "prefix") {
            println!(
                "{:>8} {:>6} {:>7} {:>9} {:>8} {:>8} {:>11}",
                "weights", "agents", "shared", "computed", "saved", "seconds", "decoded/s"
            );
            bench.prefix(name)?;
        }
    }
    Ok(())
}
