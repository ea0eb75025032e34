//! Schelling's model of segregation: who has too few neighbours of its own group moves away.
//!
//! `cargo run --release --example schelling` shows the share of happy residents step by step.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use rounds::prelude::*;

/// One of two groups.
#[derive(Component, Clone, Copy, PartialEq)]
pub struct Group(pub bool);

type Town = GridSpace<Group>;

/// A square town with two groups of equal size.
#[derive(Clone, Copy)]
pub struct Schelling {
    /// Cells on a side.
    pub side: u32,
    /// Number of residents.
    pub residents: u32,
    /// How far a neighbourhood reaches in all directions, in cells.
    pub radius: u32,
    /// How many neighbours of its own group a resident wants.
    pub min_to_be_happy: usize,
}

impl Schelling {
    /// Whether `me` has enough neighbours of its own group.
    pub fn happy(&self, me: AgentId, town: &Town) -> bool {
        let group = town[me];
        let near = town.neighbours(me, self.radius);
        near.filter(|n| *n.state == group).count() >= self.min_to_be_happy
    }
}

impl PopulationModel for Schelling {
    type Space = Town;

    fn populate(&self, draws: &mut Stream) -> Result<Town, SpaceError> {
        let mut town = Town::bounded(self.side, self.side)?;
        for number in 0..self.residents {
            town.add_anywhere(Group(number % 2 == 0), draws)?;
        }
        Ok(town)
    }

    fn act(&self, me: AgentId, town: &mut Town, draws: &mut Stream) -> Result<(), SpaceError> {
        if !self.happy(me, town) {
            town.jump(me, draws)?;
        }
        Ok(())
    }
}

fn main() -> Result<(), PopulationError> {
    let model = Schelling {
        side: 40,
        residents: 1000,
        radius: 1,
        min_to_be_happy: 3,
    };
    Population::new(model, RunSeed(7))?.watch(20, |town| {
        let (model, space) = (town.model(), town.space());
        let happy = town.agents().filter(|&me| model.happy(me, space)).count();
        let share = 100.0 * happy as f64 / f64::from(model.residents);
        println!("step {:2}: {share:5.1} % are happy", town.steps());
    })
}
