//! Flocking and Schelling as the examples write them, against the same models on plain arrays.
//!
//! `cargo bench -p rounds-tests --bench population`
//!
//! Whole runs, construction included. The two take turns, each pair with a seed of its own and the
//! one that goes first changing; after each pair all agents must be bit for bit the same. Times are
//! processor times, figures are medians over the pairs. Wanted: at most 1.4 times the arrays for
//! flocking, 2 times for Schelling.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../../../scenarios/examples/flocking.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program of its own"
)]
mod flocking;
#[path = "../measure/mod.rs"]
mod measure;
#[path = "../../../scenarios/examples/schelling.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program of its own"
)]
mod schelling;
mod twins;

use measure::timed;
use rounds::prelude::{Population, PopulationModel, RunSeed};
use twins::Twin;

/// Pairs of runs, each with a seed of its own.
const RUNS: u64 = 100;

fn main() {
    for (name, model) in twins::FLOCKING {
        compare::<_, twins::flocking::Arrays>(name, model, 100, 1.4);
    }
    for (name, model) in twins::SCHELLING {
        compare::<_, twins::schelling::Arrays>(name, model, 20, 2.0);
    }
}

/// Runs both and prints how long they took.
fn compare<M: PopulationModel + Copy, T: Twin<M>>(name: &str, model: M, steps: u32, wanted: f64) {
    let population = |seed| {
        timed(|| {
            let mut population = Population::new(model, seed).expect("all agents have a place");
            population.run(steps).expect("every agent can act");
            population
        })
    };
    let arrays = |seed| {
        timed(|| {
            let mut arrays = T::new(&model, seed);
            (0..steps).for_each(|_| arrays.step());
            arrays
        })
    };
    let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for seed in (0..RUNS).map(RunSeed) {
        let ((mut end, own), (twin, plain)) = if seed.0 % 2 == 0 {
            let own = population(seed);
            (own, arrays(seed))
        } else {
            let plain = arrays(seed);
            (population(seed), plain)
        };
        assert!(twin.equals(&mut end), "{name}: the two differ, {seed:?}");
        let [own, plain] = [own, plain].map(|took| took.cpu.as_secs_f64() * 1e3);
        ours.push(own);
        theirs.push(plain);
        ratios.push(own / plain);
    }
    println!(
        "{name:<16} population {:7.3} ms, arrays {:7.3} ms, ratio {:.2} (wanted: at most {wanted})",
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
