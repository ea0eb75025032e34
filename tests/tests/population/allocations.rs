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

/// A cell of the index grows when it holds more birds than ever before, and then by half or more.
#[test]
fn steps_of_a_flock_allocate_only_where_a_cell_is_fuller_than_ever() {
    for (name, model) in FLOCKING {
        let mut flock = Population::new(model, RunSeed(3)).unwrap();
        flock.run(200).unwrap();
        let info = allocation_counter::measure(|| flock.run(100).unwrap());
        assert!(info.count_total < 100, "{name}: {}", info.count_total);
    }
}
