//! What is where, by a plain list.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use rand::Rng;

use super::*;
use crate::ids::EpisodeIx;
use crate::streams::{Purpose, RunSeed, StreamKey};

fn draws(seed: u64) -> Stream {
    StreamKey::episode(RunSeed(seed), EpisodeIx(0), Purpose::Dynamics).open()
}

proptest! {
    #![proptest_config(ProptestConfig {
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::with_cases(300)
    })]

    #[test]
    fn agents_and_empty_cells_share_out_the_grid(
        columns in 1_u32..6,
        rows in 1_u32..6,
        seed: u64,
        acts in prop::collection::vec((0_u8..4, 0_u32..7, 0_u32..7, 0_u32..30), 0..60),
    ) {
        let mut space = GridSpace::bounded(columns, rows).unwrap();
        let mut draws = draws(seed);
        // By agent, what a plain list of places says.
        let mut places: BTreeMap<AgentId, Cell> = BTreeMap::new();
        for (act, column, row, agent) in acts {
            let cell = Cell { column, row };
            let inside = column < columns && row < rows;
            let holder = places.iter().find(|(_, place)| **place == cell);
            let holder = holder.map(|(agent, _)| *agent);
            let agent = AgentId(agent % places.len().max(1) as u32);
            let full = places.len() as u32 == columns * rows;
            match act {
                0 => match space.add(cell, agent.0) {
                    Ok(new) => {
                        prop_assert!(inside && holder.is_none());
                        prop_assert!(places.insert(new, cell).is_none());
                        space[new] = new.0;
                    }
                    Err(SpaceError::NoCell { .. }) => prop_assert!(!inside),
                    Err(error) => {
                        let agent = holder.unwrap();
                        prop_assert_eq!(error, SpaceError::Occupied { cell, agent });
                    }
                },
                1 if !places.is_empty() => match space.put(agent, cell) {
                    Ok(()) => {
                        prop_assert!(inside && holder.is_none_or(|holder| holder == agent));
                        places.insert(agent, cell);
                    }
                    Err(SpaceError::NoCell { .. }) => prop_assert!(!inside),
                    Err(error) => {
                        let agent = holder.unwrap();
                        prop_assert_eq!(error, SpaceError::Occupied { cell, agent });
                    }
                },
                2 if !places.is_empty() => match space.jump(agent, &mut draws) {
                    Ok(()) => {
                        let to = space.place(agent);
                        prop_assert!(places.values().all(|&place| place != to));
                        places.insert(agent, to);
                    }
                    Err(error) => {
                        let cells = (columns * rows) as usize;
                        prop_assert!(full);
                        prop_assert_eq!(error, SpaceError::Full { cells });
                    }
                },
                _ => match space.add_anywhere(places.len() as u32, &mut draws) {
                    Ok(new) => {
                        places.insert(new, space.place(new));
                    }
                    Err(_) => prop_assert!(full),
                },
            }
            let mut expected: Vec<Cell> = (0..rows)
                .flat_map(|row| (0..columns).map(move |column| Cell { column, row }))
                .filter(|cell| places.values().all(|place| place != cell))
                .collect();
            let mut empty = space.empty().to_vec();
            empty.sort_unstable();
            expected.sort_unstable();
            prop_assert_eq!(empty, expected);
            prop_assert_eq!(space.agents(), places.len());
            for (&agent, &place) in &places {
                prop_assert_eq!(space.place(agent), place);
                prop_assert_eq!(space.at(place), Some(agent));
                prop_assert_eq!(space[agent], agent.0);
            }
        }
    }
}

#[test]
fn every_empty_cell_is_drawn_about_as_often() {
    const DRAWS: u32 = 12_000;
    let mut space = GridSpace::bounded(4, 4).unwrap();
    let mut draws = draws(5);
    for column in 0..4 {
        space.add(Cell { column, row: 1 }, ()).unwrap();
    }
    let mut counts = BTreeMap::new();
    for _ in 0..DRAWS {
        *counts
            .entry(space.random_empty(&mut draws).unwrap())
            .or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 12);
    let squares = counts
        .values()
        .map(|&count| (f64::from(count) - 1000.0).powi(2));
    let chi_squared: f64 = squares.sum::<f64>() / 1000.0;
    // 0.999 quantile of chi-squared with 11 degrees of freedom.
    assert!(chi_squared < 31.26, "{chi_squared}");
}

#[test]
fn grids_without_cells_or_with_too_many_are_refused() {
    for (columns, rows) in [
        (0, 5),
        (5, 0),
        (1 << 16, 1 << 16),
        (1 << 30, 2),
        (u32::MAX, 1),
    ] {
        let most = MOST_CELLS;
        assert_eq!(
            GridSpace::<()>::periodic(columns, rows).map(|_| ()),
            Err(SpaceError::Cells {
                columns,
                rows,
                most
            })
        );
    }
}

#[test]
fn whoever_moved_or_changed_is_told_once() {
    let mut space = GridSpace::bounded(5, 1).unwrap();
    let mut draws = draws(1);
    let agents = [0_u8, 1, 2].map(|state| space.add_anywhere(state, &mut draws).unwrap());
    for agent in agents {
        space.take_touched(agent);
    }
    space.jump(agents[0], &mut draws).unwrap();
    space[agents[2]] = 7;
    assert_eq!(
        agents.map(|agent| space.take_touched(agent)),
        [true, false, true]
    );
    assert_eq!(agents.map(|agent| space.take_touched(agent)), [false; 3]);
    assert_eq!(space.at(Cell { column: 9, row: 0 }), None);
    // A move to one's own place draws nothing and is none.
    let before = draws.clone().next_u64();
    space.put(agents[1], space.place(agents[1])).unwrap();
    assert_eq!(draws.next_u64(), before);
    assert!(!space.take_touched(agents[1]));
}
