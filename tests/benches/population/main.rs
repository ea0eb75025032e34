//! Flocking and Schelling as the examples write them, against the same models on plain arrays.
//!
//! `cargo bench -p rounds-tests --bench population`
//!
//! Whole runs, construction included. The two take turns, each pair with a seed of its own and the
//! one that goes first changing; times are processor times, figures are medians over the pairs. Floors: at
//! most 1.4 times the arrays for flocking, 2 times for Schelling.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../../../scenarios/examples/flocking.rs"]
#[expect(dead_code, reason = "the example's own main is not run here")]
mod flocking;
mod flocking_arrays;
#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../../scenarios/examples/schelling.rs"]
#[expect(dead_code, reason = "the example's own main is not run here")]
mod schelling;
mod schelling_arrays;

use std::hint::black_box;

use flocking::Flocking;
use measure::timed;
use rounds::prelude::{Population, RunSeed};
use schelling::Schelling;

/// Pairs of runs, each with a seed of its own.
const RUNS: u64 = 30;

fn main() {
    for (name, side, birds, visual_distance) in
        [("small", 100.0, 200, 5.0), ("large", 150.0, 400, 15.0)]
    {
        compare(
            &format!("flocking {name}"),
            1.4,
            |seed| {
                let model = Flocking {
                    side,
                    birds,
                    visual_distance,
                };
                let mut flock = Population::new(model, seed).expect("birds fit the sky");
                flock.run(100).expect("birds can fly");
                black_box(&flock);
            },
            |seed| {
                let mut sky = flocking_arrays::Arrays::new(side, birds, visual_distance, seed);
                (0..100).for_each(|_| sky.step());
                black_box(&sky.position);
            },
        );
    }
    for (name, side, residents, radius, min_to_be_happy) in
        [("small", 40, 1000, 1, 3), ("large", 100, 8000, 2, 8)]
    {
        compare(
            &format!("schelling {name}"),
            2.0,
            |seed| {
                let model = Schelling {
                    side,
                    residents,
                    radius,
                    min_to_be_happy,
                };
                let mut town = Population::new(model, seed).expect("residents fit the town");
                town.run(20).expect("residents can move");
                black_box(&town);
            },
            |seed| {
                let mut town =
                    schelling_arrays::Arrays::new(side, residents, radius, min_to_be_happy, seed);
                (0..20).for_each(|_| town.step());
                black_box(&town.places);
            },
        );
    }
}

/// Runs both and prints how long they took.
fn compare(name: &str, floor: f64, population: impl Fn(RunSeed), arrays: impl Fn(RunSeed)) {
    let milliseconds = |run: &dyn Fn(RunSeed), seed| {
        let ((), took) = timed(|| run(RunSeed(seed)));
        took.cpu.as_secs_f64() * 1e3
    };
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for seed in 0..RUNS {
        let (own, plain) = if seed % 2 == 0 {
            let own = milliseconds(&population, seed);
            (own, milliseconds(&arrays, seed))
        } else {
            let plain = milliseconds(&arrays, seed);
            (milliseconds(&population, seed), plain)
        };
        ours.push(own);
        theirs.push(plain);
        ratios.push(own / plain);
    }
    println!(
        "{name:<16} population {:7.3} ms, arrays {:7.3} ms, ratio {:.2} (floor {floor})",
        median(ours),
        median(theirs),
        median(ratios)
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    (values[middle - 1] + values[middle]) / 2.0
}
