//! Schelling's model on arrays.

use rand::RngExt;
use rounds::prelude::{Agent, At, Cell, Population, RunSeed, Space, Stream};

use super::{Twin, draw_order, draws};
use crate::schelling::{Group, Schelling};

/// What a cell holds: nobody, or a resident of the group `code - 1`.
const NOBODY: u8 = 0;

/// Residents by number, and what each cell holds.
pub(crate) struct Arrays {
    side: usize,
    radius: usize,
    min_to_be_happy: usize,
    seed: RunSeed,
    step: u32,
    cells: Vec<u8>,
    /// Column and row by resident.
    places: Vec<(u32, u32)>,
    empty: Vec<(u32, u32)>,
    order: Vec<u32>,
}

impl Twin<Schelling> for Arrays {
    fn new(model: &Schelling, seed: RunSeed) -> Self {
        let side = model.side;
        let mut town = Self {
            side: side as usize,
            radius: model.radius as usize,
            min_to_be_happy: model.min_to_be_happy,
            seed,
            step: 0,
            cells: vec![NOBODY; side as usize * side as usize],
            places: Vec::with_capacity(model.residents as usize),
            empty: (0..side)
                .flat_map(|row| (0..side).map(move |column| (column, row)))
                .collect(),
            order: (0..model.residents).collect(),
        };
        let mut stream = draws(seed, 0);
        for resident in 0..model.residents {
            let pick = stream.random_range(0..town.empty.len() as u32) as usize;
            let place = town.empty.swap_remove(pick);
            let cell = town.cell(place);
            town.cells[cell] = 1 + (resident % 2) as u8;
            town.places.push(place);
        }
        town
    }

    fn step(&mut self) {
        self.step += 1;
        let mut stream = draws(self.seed, self.step);
        let mut order = std::mem::take(&mut self.order);
        draw_order(&mut order, &mut stream);
        for &resident in &order {
            if !self.happy(resident) {
                self.jump(resident, &mut stream);
            }
        }
        self.order = order;
    }

    fn equals(&self, town: &mut Population<Schelling>) -> bool {
        let here = |resident: usize| {
            let (column, row) = self.places[resident];
            let group = self.cells[self.cell((column, row))] == 1;
            (Cell { column, row }, Group(group))
        };
        let in_space = town.agents().all(|resident| {
            let (space, place) = (town.space(), town.space().place(resident));
            (place, space[resident]) == here(resident.index()) && space.at(place) == Some(resident)
        });
        let mut entities = town.world_mut().query::<(&Agent, &At<Cell>, &Group)>();
        let entities = entities.iter(town.world());
        in_space
            && entities.len() == self.places.len()
            && entities
                .into_iter()
                .all(|(agent, at, group)| (at.0, *group) == here(agent.0.index()))
    }
}

impl Arrays {
    fn cell(&self, (column, row): (u32, u32)) -> usize {
        row as usize * self.side + column as usize
    }

    fn happy(&self, resident: u32) -> bool {
        let place = self.places[resident as usize];
        let (column, row) = (place.0 as usize, place.1 as usize);
        let group = self.cells[self.cell(place)];
        let left = column.saturating_sub(self.radius);
        let right = (column + self.radius).min(self.side - 1);
        let low = row.saturating_sub(self.radius);
        let high = (row + self.radius).min(self.side - 1);
        let mut alike = 0;
        for row in low..=high {
            let start = row * self.side;
            for &cell in &self.cells[start + left..=start + right] {
                alike += usize::from(cell == group);
            }
        }
        // Everyone is like themselves.
        alike > self.min_to_be_happy
    }

    fn jump(&mut self, resident: u32, stream: &mut Stream) {
        let pick = stream.random_range(0..self.empty.len() as u32) as usize;
        let old = std::mem::replace(&mut self.places[resident as usize], self.empty[pick]);
        let (from, to) = (self.cell(old), self.cell(self.empty[pick]));
        self.cells[to] = self.cells[from];
        self.cells[from] = NOBODY;
        self.empty[pick] = old;
    }
}
