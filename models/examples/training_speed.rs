//! Tokens a second of training a small Llama on the CPU: forward, backward, no optimizer.
//!
//! `cargo run --release -p rounds-models --features local --example training_speed`; with
//! the argument `primitive` by candle's operations.
//! `tests/local/training_speed.py` measures the same with PyTorch.
#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::error::Error;
use std::time::Instant;

use candle_core::Device;
use rounds_models::local::transformer::{
    Arithmetic, Initial, Parameters, TokenBatch, Transformer, TransformerConfig,
};

const ROWS: usize = 8;
const LENGTH: usize = 256;
const STEPS: usize = 8;

fn main() -> Result<(), Box<dyn Error>> {
    let config = TransformerConfig::llama(2048, 256, 688, 6, 4, 4, LENGTH);
    let parameters = Parameters::random(&config, 1, Initial::default(), &Device::Cpu)?;
    println!("{} parameters", config.parameter_count());
    let rows: Vec<Vec<u32>> = (0..ROWS)
        .map(|row| {
            (0..LENGTH)
                .map(|at| ((row * 7919 + at * 104_729 + at * at) % config.vocab_size) as u32)
                .collect()
        })
        .collect();
    let positions: Vec<_> = (0..ROWS)
        .flat_map(|row| (0..LENGTH - 1).map(move |at| (row, at)))
        .collect();
    let targets: Vec<u32> = positions
        .iter()
        .map(|&(row, at)| rows[row][at + 1])
        .collect();
    let batch = TokenBatch::new(&rows, 0)?;
    let arithmetic = match std::env::args().nth(1).as_deref() {
        Some("primitive") => Arithmetic::Primitive,
        _ => Arithmetic::Fused,
    };
    let transformer = Transformer::new(config.clone())?.with_arithmetic(arithmetic);
    let mut seconds = Vec::new();
    let mut loss = 0.0;
    for _ in 0..STEPS {
        let start = Instant::now();
        let hidden = transformer.forward_hidden(&parameters, &batch)?;
        let nll = transformer.token_nll(&parameters, &hidden, &positions, &targets)?;
        let mean = nll.mean_all()?;
        let gradients = mean.backward()?;
        seconds.push(start.elapsed().as_secs_f64());
        loss = mean.to_scalar::<f32>()?;
        drop(gradients);
    }
    let best = seconds.iter().copied().fold(f64::INFINITY, f64::min);
    seconds.sort_by(f64::total_cmp);
    let tokens = (ROWS * LENGTH) as f64;
    println!(
        "{arithmetic:?}: loss {loss:.4}, best {:.0} tokens/s, median {:.0} tokens/s",
        tokens / best,
        tokens / seconds[STEPS / 2]
    );
    Ok(())
}
