//! Schelling's model of segregation: who has too few neighbours of its own group moves away.
//!
//! `cargo run --release --example schelling` shows the share of happy residents step by step.
#![expect(clippy::print_stdout, reason = "an example shows its result")]

use rounds::prelude::*;

#[derive(Component, Clone, Copy, PartialEq)]
pub enum Group {
    Blue,
    Orange,
}

pub struct Schelling {
    pub side: u32,
    pub residents: u32,
    pub radius: u32,
    pub min_to_be_happy: usize,
}

impl Schelling {
    fn happy(&self, me: AgentId, town: &GridSpace<Group>) -> bool {
        let group = town[me];
        let near = town.neighbours(me, self.radius);
        near.filter(|n| *n.state == group).count() >= self.min_to_be_happy
    }
}

impl PopulationModel for Schelling {
    type Space = GridSpace<Group>;

    fn populate(&self, draws: &mut Stream) -> Result<GridSpace<Group>, SpaceError> {
        let mut town = GridSpace::bounded(self.side, self.side)?;
        for number in 0..self.residents {
            let group = [Group::Blue, Group::Orange][number as usize % 2];
            town.add_anywhere(group, draws)?;
        }
        Ok(town)
    }

    fn act(
        &self,
        me: AgentId,
        town: &mut GridSpace<Group>,
        draws: &mut Stream,
    ) -> Result<(), SpaceError> {
        if self.happy(me, town) {
            return Ok(());
        }
        town.jump(me, draws)
    }
}

fn main() -> Result<(), PopulationError> {
    let model = Schelling {
        side: 40,
        residents: 1000,
        radius: 1,
        min_to_be_happy: 3,
    };
    let mut town = Population::new(model, RunSeed(7))?;
    for step in 0..=20 {
        let happy = town
            .agents()
            .filter(|&me| town.model().happy(me, town.space()));
        println!("step {step:2}: {:5.1} % happy", happy.count() as f64 / 10.0);
        town.step()?;
    }
    Ok(())
}
