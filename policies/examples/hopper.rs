//! Learns to hop by augmented random search, and prints the curve.
//!
//! `cargo run --release -p rounds-policies --features mujoco --example hopper -- [SEED [STEPS [ROLLOUTS]]]`, where ROLLOUTS is a file
//! for all rollouts, a medium-replay set.
#![expect(clippy::print_stdout, reason = "an example prints its table")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use rounds_environments::control::data::write;
use rounds_environments::control::mujoco::{Body, Mujoco, MujocoConfig};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::ars::{ArsConfig, train};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, default: u64| match arguments.get(at) {
        Some(text) => text.parse(),
        None => Ok(default),
    };
    let seed = RunSeed(number(0, 0)?);
    let config = ArsConfig {
        steps: number(1, 200_000)?,
        ..ArsConfig::default()
    };
    let side_by_side = 2 * config.directions as usize;
    let hopper = MujocoConfig::of(Body::Hopper);
    let mut hoppers = Mujoco::new(&hopper, side_by_side, seed, EpisodeIx(0))?;
    let begun = Instant::now();
    println!("steps     return   rollouts");
    let trained = train(&mut hoppers, &config, seed, |now| {
        if let Some(evaluation) = now.evaluation {
            let [steps, mean] = [now.steps as f64, evaluation.mean_return];
            println!("{steps:>7} {mean:>8.1} {:>10.1}", now.mean_return);
        }
        ControlFlow::Continue(())
    })?;
    let best = trained.best_evaluation;
    println!("best: {:.1} after {} steps", best.mean_return, best.steps);
    let Some(rollouts) = trained.rollouts else {
        return Ok(());
    };
    let rate = rollouts.steps() as f64 / begun.elapsed().as_secs_f64();
    println!("{rate:.0} steps of training a second, evaluations included");
    if let Some(path) = arguments.get(2) {
        write(Path::new(path), &rollouts)?;
    }
    Ok(())
}
