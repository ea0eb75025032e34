//! The examples `flocking` and `schelling`, whose own code is what is tested here: the same course as
//! by hand, what the models are known for, and how few lines they need.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod allocations;
#[path = "../../../scenarios/examples/flocking.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program of its own"
)]
mod flocking;
mod flocks;
mod lines;
#[path = "../../../scenarios/examples/schelling.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example is a program of its own"
)]
mod schelling;
mod towns;
#[path = "../../benches/population/twins/mod.rs"]
mod twins;

use rounds::prelude::{Population, PopulationModel, RunSeed};
use twins::Twin;

/// Goes step by step through both, for several seeds.
fn same_course<M: PopulationModel + Copy, T: Twin<M>>(name: &str, model: M, steps: u32) {
    for seed in [0, 1, 7, 42, u64::MAX].map(RunSeed) {
        let mut population = Population::new(model, seed).unwrap();
        let mut twin = T::new(&model, seed);
        for step in 0..=steps {
            assert!(
                twin.equals(&mut population),
                "{name}, {seed:?}, step {step}"
            );
            population.step().unwrap();
            twin.step();
        }
    }
}

#[test]
fn flocks_fly_bit_for_bit_as_by_hand() {
    for (name, model) in twins::FLOCKING {
        same_course::<_, twins::flocking::Arrays>(name, model, 100);
    }
}

#[test]
fn towns_change_as_by_hand() {
    for (name, model) in twins::SCHELLING {
        same_course::<_, twins::schelling::Arrays>(name, model, 20);
    }
}

#[test]
fn seeds_give_courses_of_their_own() {
    for (_, model) in twins::FLOCKING {
        let mut population = Population::new(model, RunSeed(1)).unwrap();
        let twin = twins::flocking::Arrays::new(&model, RunSeed(2));
        assert!(!twin.equals(&mut population));
    }
    for (_, model) in twins::SCHELLING {
        let mut population = Population::new(model, RunSeed(1)).unwrap();
        let twin = twins::schelling::Arrays::new(&model, RunSeed(2));
        assert!(!twin.equals(&mut population));
    }
}
