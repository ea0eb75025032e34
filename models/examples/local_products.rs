//! Speed of the packed products at the shapes of a small Llama, in GFLOP/s, and what it costs that their bits do
//! not depend on the batch: all products of one step of decoding against those of Candle.
//!
//! `cargo run --release -p rounds-models --features local --example local_products [threads]`
//!
//! For one thread, run it with `RAYON_NUM_THREADS=1`: Candle takes its threads from there, and times are those of
//! the thread.
#![expect(clippy::print_stdout, reason = "an example prints its table")]

#[path = "shared/clock.rs"]
mod clock;

use std::time::Instant;

use candle_core::{Device, Tensor};
use rounds_models::local::cpu::{Level, PackedMatrix, Threads};

fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919) % 1013) as f32 / 1013.0 - 0.5)
        .collect()
}

/// The shortest of several runs, in seconds; short ones are repeated, since the thread's clock ticks slowly.
fn best_of(runs: usize, threads: &Threads, mut f: impl FnMut()) -> f64 {
    let origin = Instant::now();
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = clock::seconds(threads, origin);
        let (mut times, mut took) = (0.0, 0.0);
        while took < 0.08 {
            f();
            times += 1.0;
            took = clock::seconds(threads, origin) - start;
        }
        best = best.min(took / times);
    }
    best
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let threads: usize = std::env::args().nth(1).map_or(Ok(1), |arg| arg.parse())?;
    let threads = Threads::new(threads);
    println!("{} threads, {:?}", threads.count(), Level::best());
    println!(
        "{:>5} {:>6} {:>6} {:>10} {:>10}",
        "rows", "inner", "out", "packed", "candle"
    );
    for (inner, outputs) in [(768, 2304), (768, 4096), (2048, 768), (768, 32000)] {
        let w = numbers(outputs * inner);
        let packed = PackedMatrix::pack(&[&w], inner);
        let weight = Tensor::from_vec(w, (outputs, inner), &Device::Cpu)?.t()?;
        for rows in [1, 2, 4, 8, 16, 32, 128] {
            let x = numbers(rows * inner);
            let mut out = vec![0.0; rows * outputs];
            let ours = best_of(3, &threads, || packed.product(&x, &mut out, &threads));
            let x = Tensor::from_vec(x, (rows, inner), &Device::Cpu)?;
            let theirs = best_of(3, &threads, || drop(x.matmul(&weight)));
            let flops = 2.0 * (rows * inner * outputs) as f64 / 1e9;
            println!(
                "{rows:>5} {inner:>6} {outputs:>6} {:>10.1} {:>10.1}",
                flops / ours,
                flops / theirs
            );
        }
    }
    step(&threads)
}

/// The products of one pass of a Llama of 109.5 million parameters, each of a matrix of its own.
fn step(threads: &Threads) -> Result<(), Box<dyn std::error::Error>> {
    let layer = [(768, 2304), (768, 768), (768, 4096), (2048, 768)];
    let shapes = layer.iter().cycle().take(12 * layer.len());
    let shapes: Vec<(usize, usize)> = shapes.copied().chain([(768, 32000)]).collect();
    let mut packed = Vec::new();
    let mut weights = Vec::new();
    for &(inner, outputs) in &shapes {
        let w = numbers(outputs * inner);
        packed.push(PackedMatrix::pack(&[&w], inner));
        weights.push(Tensor::from_vec(w, (outputs, inner), &Device::Cpu)?.t()?);
    }
    println!("all products of one step, in milliseconds");
    println!(
        "{:>5} {:>8} {:>8} {:>6}",
        "rows", "packed", "candle", "ratio"
    );
    for rows in [1, 8, 32, 256] {
        let xs = shapes.iter().map(|(inner, _)| numbers(rows * inner));
        let xs: Vec<Vec<f32>> = xs.collect();
        let mut out = vec![0.0; rows * 32000];
        let ours = best_of(5, threads, || {
            for ((x, matrix), (_, outputs)) in xs.iter().zip(&packed).zip(&shapes) {
                matrix.product(x, &mut out[..rows * outputs], threads);
            }
        });
        let tensors = xs
            .into_iter()
            .zip(&shapes)
            .map(|(x, (inner, _))| Tensor::from_vec(x, (rows, *inner), &Device::Cpu));
        let tensors = tensors.collect::<Result<Vec<_>, _>>()?;
        let theirs = best_of(5, threads, || {
            for (x, weight) in tensors.iter().zip(&weights) {
                drop(x.matmul(weight));
            }
        });
        println!(
            "{rows:>5} {:>8.2} {:>8.2} {:>6.2}",
            ours * 1e3,
            theirs * 1e3,
            ours / theirs
        );
    }
    Ok(())
}
