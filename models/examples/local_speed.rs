//! Tokens per second of a random Llama of 109.5 million parameters on the CPU.
//!
//! `cargo run --release -p rounds-models --features local --example local_speed [threads] [runs] [weights]`
//!
//! Weights: `f32`, `Q8_0`, `Q4_K`, `Q6_K`, or `all` (the default), or `agents` for the last table alone.
//! Prompts of 128 tokens, then 32 decoded tokens a row. Each figure is the best of several runs. With one
//! thread on Linux the time is the thread's own on the processor, else it is that of the clock.
//! `transformers_speed.py` in the project's tests measures the same with Hugging Face
//! transformers.
#![expect(clippy::print_stdout, reason = "an example prints its table")]

#[path = "shared/clock.rs"]
mod clock;

use std::error::Error;
use std::time::Instant;

use candle_core::Device;
use rounds_models::local::cpu::{
    BlockFormat, CacheShape, Chunk, CpuModel, KvCache, Level, SequenceId, Threads, Wanted,
};
use rounds_models::local::transformer::{Initial, Parameters, TransformerConfig};

const PROMPT: usize = 128;
const DECODED: usize = 32;
const AGENTS: usize = 32;
const SHARED: usize = 512;

/// Prompt of a row: a shared beginning, then tokens of its own.
fn prompt(row: usize, shared: usize, own: usize) -> Vec<u32> {
    let token = |i: usize| (i * 7919 % 31_991) as u32;
    let own = (0..own).map(|i| token(i + 1000 * (row + 1)));
    (0..shared).map(token).chain(own).collect()
}

/// Seconds of the prefill, and of the decoded steps after it.
fn run(model: &CpuModel, prompts: &[Vec<u32>], share: bool) -> Result<(f64, f64), Box<dyn Error>> {
    let blocks = prompts
        .iter()
        .map(|p| (p.len() + DECODED).div_ceil(16))
        .sum();
    let mut cache = KvCache::new(CacheShape::of(model.config(), blocks), b"random")?;
    let origin = Instant::now();
    let start = clock::seconds(model.threads(), origin);
    // A shared beginning is there after the first row; so the first goes alone.
    let mut next = Vec::new();
    let groups = if share {
        vec![&prompts[..1], &prompts[1..]]
    } else {
        vec![prompts]
    };
    let mut id = 0;
    for group in groups {
        let mut tails = Vec::new();
        for prompt in group {
            let found = cache.open_sharing(SequenceId(id), prompt, share)?;
            tails.push((SequenceId(id), &prompt[found..]));
            id += 1;
        }
        for tails in tails.chunks(4) {
            let chunks: Vec<_> = tails
                .iter()
                .map(|(sequence, tokens)| last(*sequence, tokens))
                .collect();
            next.extend(model.pass(&mut cache, &chunks)?.rows().map(argmax));
        }
    }
    let prefill = clock::seconds(model.threads(), origin) - start;
    let start = clock::seconds(model.threads(), origin);
    for _ in 0..DECODED {
        let chunks: Vec<_> = next
            .iter()
            .zip(0..)
            .map(|(token, id)| last(SequenceId(id), std::slice::from_ref(token)))
            .collect();
        next = model
            .pass(&mut cache, &chunks)?
            .rows()
            .map(argmax)
            .collect();
    }
    Ok((prefill, clock::seconds(model.threads(), origin) - start))
}

fn last(sequence: SequenceId, tokens: &[u32]) -> Chunk<'_> {
    Chunk {
        sequence,
        tokens,
        wanted: Wanted::Last,
    }
}

fn argmax(row: &[f32]) -> u32 {
    let mut best = 0;
    for (i, value) in row.iter().enumerate() {
        if *value > row[best] {
            best = i;
        }
    }
    best as u32
}

fn build(
    config: &TransformerConfig,
    parameters: &Parameters,
    format: Option<BlockFormat>,
    threads: usize,
) -> Result<CpuModel, Box<dyn Error>> {
    let threads = Threads::new(threads);
    Ok(match format {
        None => CpuModel::from_parameters(config, parameters, threads)?,
        Some(format) => CpuModel::quantised(config, parameters, format, threads)?,
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let argument = |i: usize, default: usize| {
        std::env::args()
            .nth(i)
            .map_or(Ok(default), |arg| arg.parse())
    };
    let (threads, runs) = (argument(1, 1)?, argument(2, 3)?);
    let config = TransformerConfig::llama(32_000, 768, 2048, 12, 12, 12, 2048);
    let parameters = Parameters::random(&config, 1, Initial::default(), &Device::Cpu)?;
    println!(
        "{threads} threads, {:?}, best of {runs} runs, tokens/s over all rows",
        Level::best()
    );
    println!(
        "{:>8} {:>6} {:>9} {:>9}",
        "weights", "batch", "prefill", "decode"
    );
    let chosen = std::env::args().nth(3).unwrap_or_else(|| "all".to_owned());
    let formats = [
        None,
        Some(BlockFormat::Q8_0),
        Some(BlockFormat::Q4K),
        Some(BlockFormat::Q6K),
    ];
    for format in formats {
        let name = format.map_or("f32", BlockFormat::name);
        if chosen != "all" && chosen != name {
            continue;
        }
        let model = &build(&config, &parameters, format, threads)?;
        for batch in [1, 8, 32] {
            let prompts: Vec<_> = (0..batch).map(|row| prompt(row, 0, PROMPT)).collect();
            let mut best = (f64::INFINITY, f64::INFINITY);
            for _ in 0..runs {
                let (prefill, decode) = run(model, &prompts, false)?;
                best = (best.0.min(prefill), best.1.min(decode));
            }
            println!(
                "{name:>8} {batch:>6} {:>9.1} {:>9.1}",
                (batch * PROMPT) as f64 / best.0,
                (batch * DECODED) as f64 / best.1
            );
        }
    }
    println!(
        "{AGENTS} agents, {SHARED} shared tokens and 32 of their own, {DECODED} decoded: seconds"
    );
    println!(
        "{:>8} {:>9} {:>9} {:>9} {:>22}",
        "weights", "sharing", "prefill", "decode", "decoded tokens/s in all"
    );
    for format in [None, Some(BlockFormat::Q4K)] {
        if !["all", "agents"].contains(&chosen.as_str()) {
            continue;
        }
        let name = format.map_or("f32", BlockFormat::name);
        let model = &build(&config, &parameters, format, threads)?;
        let prompts: Vec<_> = (0..AGENTS).map(|row| prompt(row, SHARED, 32)).collect();
        for share in [false, true] {
            let (prefill, decode) = run(model, &prompts, share)?;
            let rate = (AGENTS * DECODED) as f64 / (prefill + decode);
            println!("{name:>8} {share:>9} {prefill:>9.2} {decode:>9.2} {rate:>22.1}");
        }
    }
    Ok(())
}
