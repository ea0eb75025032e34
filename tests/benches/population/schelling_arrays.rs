//! Schelling's model as one writes it by hand: arrays and loops, no framework.

use rand::RngExt;
use rounds::environments::ids::{EpisodeIx, RoundIx};
use rounds::environments::space::shuffle;
use rounds::environments::streams::{Purpose, RunSeed, Stream, StreamKey};

/// What a cell holds: nobody, or a resident of the group `code - 1`.
const NOBODY: u8 = 0;

pub(crate) struct Arrays {
    side: usize,
    radius: usize,
    min_to_be_happy: usize,
    seed: RunSeed,
    step: u32,
    cells: Vec<u8>,
    /// Column and row by resident.
    pub(crate) places: Vec<(u32, u32)>,
    empty: Vec<(u32, u32)>,
    order: Vec<u32>,
}

impl Arrays {
    pub(crate) fn new(
        side: u32,
        residents: u32,
        radius: u32,
        min_to_be_happy: usize,
        seed: RunSeed,
    ) -> Self {
        let mut stream = StreamKey::episode(seed, EpisodeIx(0), Purpose::Dynamics).open();
        let mut town = Self {
            side: side as usize,
            radius: radius as usize,
            min_to_be_happy,
            seed,
            step: 0,
            cells: vec![NOBODY; side as usize * side as usize],
            places: Vec::with_capacity(residents as usize),
            empty: (0..side)
                .flat_map(|row| (0..side).map(move |column| (column, row)))
                .collect(),
            order: (0..residents).collect(),
        };
        for resident in 0..residents {
            let pick = stream.random_range(0..town.empty.len() as u32) as usize;
            let place = town.empty.swap_remove(pick);
            let cell = town.cell(place);
            town.cells[cell] = 1 + (resident % 2) as u8;
            town.places.push(place);
        }
        town
    }

    pub(crate) fn step(&mut self) {
        self.step += 1;
        let mut stream = StreamKey {
            round: RoundIx(self.step),
            ..StreamKey::episode(self.seed, EpisodeIx(0), Purpose::Dynamics)
        }
        .open();
        let mut order = std::mem::take(&mut self.order);
        for (number, resident) in (0..).zip(&mut order) {
            *resident = number;
        }
        shuffle(&mut order, &mut stream);
        for &resident in &order {
            if !self.happy(resident) {
                self.jump(resident, &mut stream);
            }
        }
        self.order = order;
    }

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
