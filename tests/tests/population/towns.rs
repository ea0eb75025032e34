//! What the definition of Schelling's model says.

use rounds::prelude::*;

use crate::schelling::{Group, Schelling};
use crate::twins::SCHELLING;

type Town = GridSpace<Group>;

fn residents(model: &Schelling) -> impl Iterator<Item = AgentId> + use<> {
    (0..model.residents).map(AgentId)
}

/// Neighbours of `me`, like it and all, by a look at every cell near it.
fn near(model: &Schelling, town: &Town, me: AgentId) -> (usize, usize) {
    let (at, radius) = (town.place(me), i64::from(model.radius));
    let (mut alike, mut all) = (0, 0);
    for row in -radius..=radius {
        for column in -radius..=radius {
            let cell = (i64::from(at.column) + column, i64::from(at.row) + row);
            let (Ok(column), Ok(row)) = (u32::try_from(cell.0), u32::try_from(cell.1)) else {
                continue;
            };
            let other = town.at(Cell { column, row });
            if let Some(other) = other.filter(|&other| other != me) {
                all += 1;
                alike += usize::from(town[other] == town[me]);
            }
        }
    }
    (alike, all)
}

fn happy(model: &Schelling, town: &Town, me: AgentId) -> bool {
    near(model, town, me).0 >= model.min_to_be_happy
}

/// The share of those who are happy, and the mean share of neighbours that are alike.
fn state(town: &Population<Schelling>) -> [f64; 2] {
    let (model, space) = (town.model(), town.space());
    let number = f64::from(model.residents);
    let content = residents(model)
        .filter(|&me| happy(model, space, me))
        .count();
    let alike: f64 = residents(model)
        .map(|me| near(model, space, me))
        .filter(|&(_, all)| all > 0)
        .map(|(alike, all)| alike as f64 / all as f64)
        .sum();
    [content as f64 / number, alike / number]
}

#[test]
fn groups_are_equal_and_everyone_has_a_cell() {
    for (_, model) in SCHELLING {
        let town = Population::new(model, RunSeed(1)).unwrap();
        let town = town.space();
        assert_eq!((town.columns(), town.rows()), (model.side, model.side));
        let one = residents(&model).filter(|&me| town[me] == town[AgentId(0)]);
        assert_eq!(one.count() * 2, model.residents as usize);
        let cells = model.side * model.side;
        assert_eq!(town.empty().len() as u32, cells - model.residents);
        assert!(residents(&model).all(|me| town.at(town.place(me)) == Some(me)));
    }
}

#[test]
fn whoever_is_unhappy_moves_to_an_empty_cell_and_nobody_else_does() {
    for (name, model) in SCHELLING {
        let key = StreamKey::episode(RunSeed(5), EpisodeIx(0), Purpose::Dynamics);
        let mut draws = key.open();
        let mut town = model.populate(&mut draws).unwrap();
        let mut moves = 0;
        for turn in 0..4_000 {
            let me = AgentId(turn * 7 % model.residents);
            let (from, content) = (town.place(me), happy(&model, &town, me));
            assert_eq!(model.happy(me, &town), content, "{name}, turn {turn}");
            let empty = town.empty().to_vec();
            model.act(me, &mut town, &mut draws).unwrap();
            let to = town.place(me);
            moves += u32::from(to != from);
            assert_eq!(to == from, content);
            assert!(content || empty.contains(&to));
        }
        assert!((500..3_500).contains(&moves), "{name}: {moves} moves");
    }
}

/// At first about half of the neighbours are alike; after 20 steps hardly anyone is unhappy, and far
/// more neighbours are alike than anyone asks for.
#[test]
fn towns_become_happy_and_segregated() {
    for ((name, model), happy_before) in SCHELLING.into_iter().zip([0.40..0.50, 0.74..0.80]) {
        for seed in 0..5 {
            let mut town = Population::new(model, RunSeed(seed)).unwrap();
            let [happy, alike] = state(&town);
            assert!(happy_before.contains(&happy), "{name}, {seed}: {happy}");
            assert!((0.48..0.52).contains(&alike), "{name}, {seed}: {alike}");
            town.run(20).unwrap();
            let [happy, alike] = state(&town);
            assert!(happy > 0.985, "{name}, {seed}: {happy}");
            assert!((0.80..0.93).contains(&alike), "{name}, {seed}: {alike}");
        }
    }
}
