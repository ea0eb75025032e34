//! Flocking on arrays.

use rand::RngExt;
use rounds::prelude::{Agent, At, Population, RunSeed, Space, Vec2};

use super::{Twin, draw_order, draws};
use crate::flocking::{Bird, Flocking};

/// Birds by number, and an index of cells.
pub(crate) struct Arrays {
    side: f64,
    vision: f64,
    seed: RunSeed,
    step: u32,
    position: Vec<[f64; 2]>,
    velocity: Vec<[f64; 2]>,
    /// Birds by cell; a cell is at least as wide as birds see.
    cells: Vec<Vec<u32>>,
    /// Cells in one direction.
    across: usize,
    order: Vec<u32>,
}

impl Twin<Flocking> for Arrays {
    fn new(model: &Flocking, seed: RunSeed) -> Self {
        let (side, vision) = (model.side, model.visual_distance);
        let across = (side / vision) as usize;
        let mut sky = Self {
            side,
            vision,
            seed,
            step: 0,
            position: Vec::with_capacity(model.birds as usize),
            velocity: Vec::with_capacity(model.birds as usize),
            cells: vec![Vec::new(); across * across],
            across,
            order: (0..model.birds).collect(),
        };
        let mut stream = draws(seed, 0);
        for bird in 0..model.birds {
            let mut draw = |low: f64, high: f64| stream.random_range(low..high);
            let at = [draw(0.0, side), draw(0.0, side)];
            let velocity = [draw(-1.0, 1.0), draw(-1.0, 1.0)];
            let cell = sky.cell(at);
            sky.cells[cell].push(bird);
            sky.position.push(at);
            sky.velocity.push(velocity);
        }
        sky
    }

    fn step(&mut self) {
        self.step += 1;
        let mut order = std::mem::take(&mut self.order);
        draw_order(&mut order, &mut draws(self.seed, self.step));
        for &bird in &order {
            self.fly(bird);
        }
        self.order = order;
    }

    fn equals(&self, flock: &mut Population<Flocking>) -> bool {
        let bits = |v: Vec2| [v.x.to_bits(), v.y.to_bits()];
        let here = |bird: usize| {
            let ([x, y], [u, v]) = (self.position[bird], self.velocity[bird]);
            [bits(Vec2::new(x, y)), bits(Vec2::new(u, v))]
        };
        let in_space = flock.agents().all(|bird| {
            let (sky, place) = (flock.space(), flock.space().place(bird));
            [bits(place), bits(sky[bird].velocity)] == here(bird.index())
        });
        let mut entities = flock.world_mut().query::<(&Agent, &At<Vec2>, &Bird)>();
        let entities = entities.iter(flock.world());
        in_space
            && entities.len() == self.position.len()
            && entities
                .into_iter()
                .all(|(agent, at, bird)| [bits(at.0), bits(bird.velocity)] == here(agent.0.index()))
    }
}

impl Arrays {
    fn index(&self, x: f64) -> usize {
        ((x * (self.across as f64 / self.side)) as usize).min(self.across - 1)
    }

    fn cell(&self, at: [f64; 2]) -> usize {
        self.index(at[1]) * self.across + self.index(at[0])
    }

    fn offset(&self, from: f64, to: f64) -> f64 {
        let offset = to - from;
        if offset > 0.5 * self.side {
            offset - self.side
        } else if offset < -0.5 * self.side {
            offset + self.side
        } else {
            offset
        }
    }

    fn fly(&mut self, bird: u32) {
        let me = bird as usize;
        let at = self.position[me];
        let (mut cohere, mut separate, mut follow) = ([0.0; 2], [0.0; 2], [0.0; 2]);
        let mut neighbours = 0.0;
        let (column, row) = (self.index(at[0]), self.index(at[1]));
        let around = |centre: usize| [centre + self.across - 1, centre, centre + 1];
        for row in around(row) {
            let row = row % self.across;
            for column in around(column) {
                for &other in &self.cells[row * self.across + column % self.across] {
                    let there = self.position[other as usize];
                    let x = self.offset(at[0], there[0]);
                    let y = self.offset(at[1], there[1]);
                    let distance_squared = x * x + y * y;
                    if distance_squared > self.vision * self.vision || other == bird {
                        continue;
                    }
                    neighbours += 1.0;
                    cohere[0] += x;
                    cohere[1] += y;
                    let velocity = self.velocity[other as usize];
                    follow[0] += velocity[0];
                    follow[1] += velocity[1];
                    if distance_squared < 1.0 {
                        separate[0] -= x;
                        separate[1] -= y;
                    }
                }
            }
        }
        let number = f64::max(neighbours, 1.0);
        let turned = |d: usize| {
            self.velocity[me][d]
                + (cohere[d] * 0.03 + separate[d] * 0.015 + follow[d] * 0.05) / number
        };
        let (x, y) = (turned(0), turned(1));
        let length = (x * x + y * y).sqrt();
        let velocity = if length > 0.0 {
            [x / length, y / length]
        } else {
            [x, y]
        };
        self.velocity[me] = velocity;
        let to = [
            self.wrapped(at[0] + velocity[0]),
            self.wrapped(at[1] + velocity[1]),
        ];
        let (old, new) = (self.cell(at), self.cell(to));
        if old != new {
            let place = self.cells[old].iter().position(|&other| other == bird);
            self.cells[old].swap_remove(place.expect("a bird is in its cell"));
            self.cells[new].push(bird);
        }
        self.position[me] = to;
    }

    fn wrapped(&self, x: f64) -> f64 {
        let image = if x < 0.0 {
            x + self.side
        } else if x >= self.side {
            x - self.side
        } else {
            x
        };
        if image >= self.side { 0.0 } else { image }
    }
}
