//! Steps allocate nothing.

use rounds::prelude::{Population, RunSeed};

use crate::twins::{FLOCKING, SCHELLING};

#[test]
fn steps_of_a_town_allocate_nothing() {
    for (name, model) in SCHELLING {
        let mut town = Population::new(model, RunSeed(3)).unwrap();
        // What the schedule and the order make once.
        town.step().unwrap();
        let info = allocation_counter::measure(|| town.run(20).unwrap());
        assert_eq!(info.count_total, 0, "{name}");
    }
}

/// Only a cell of the index that holds more birds than ever before grows, to 4, to 8 and so on: a few
/// times a cell, however long the flight.
#[test]
fn turns_of_birds_allocate_nothing() {
    for (name, model) in FLOCKING {
        let mut flock = Population::new(model, RunSeed(3)).unwrap();
        let info = allocation_counter::measure(|| flock.run(200).unwrap());
        let cells = (model.side / model.visual_distance).powi(2);
        let turns = 200 * model.birds;
        assert!((info.count_total as f64) < 4.0 * cells, "{name}: {info:?}");
        assert!(f64::from(turns) > 20.0 * cells);
    }
}
