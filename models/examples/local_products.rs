//! Speed of the packed products at the shapes of a small Llama, in GFLOP/s.
//!
//! `cargo run --release -p rounds-models --features local --example local_products [threads]`
#![expect(clippy::print_stdout, reason = "an example prints its table")]

use std::time::Instant;

use candle_core::{Device, Tensor};
use rounds_models::local::cpu::{Level, PackedMatrix, Threads};

fn numbers(count: usize) -> Vec<f32> {
    (0..count)
        .map(|i| ((i * 7919) % 1013) as f32 / 1013.0 - 0.5)
        .collect()
}

/// The shortest of several runs, in seconds.
fn best_of(runs: usize, mut f: impl FnMut()) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..runs {
        let start = Instant::now();
        f();
        best = best.min(start.elapsed().as_secs_f64());
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
            let ours = best_of(7, || packed.product(&x, &mut out, &threads));
            let x = Tensor::from_vec(x, (rows, inner), &Device::Cpu)?;
            let theirs = best_of(7, || drop(x.matmul(&weight)));
            let flops = 2.0 * (rows * inner * outputs) as f64 / 1e9;
            println!(
                "{rows:>5} {inner:>6} {outputs:>6} {:>10.1} {:>10.1}",
                flops / ours,
                flops / theirs
            );
        }
    }
    Ok(())
}
