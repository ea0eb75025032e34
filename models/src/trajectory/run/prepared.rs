//! Parameters as the kernels read them.

use crate::kernels::Grid;
use crate::kernels::{Level, Panels, dots};
use crate::trajectory::parameters::Parameters;
use crate::trajectory::program::{Filters, Program, Relations, Weights};

/// Which way a pass goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) enum Direction {
    Forward,
    Backward,
}

/// What the parameters of a program are packed to.
#[derive(Debug, Clone, Default)]
pub(in crate::trajectory) struct Prepared {
    forward: Vec<Panels>,
    backward: Vec<Panels>,
    /// `[taps, channels]` each.
    filters: Vec<Vec<f32>>,
    relations: Vec<Related>,
}

/// The relations of a layer: a table of two rows is projected once, not for each pair of tokens.
#[derive(Debug, Clone, Default)]
pub(in crate::trajectory) struct Related {
    /// Bias of queries, keys and values with what pairs without an edge add to the first two.
    pub(in crate::trajectory) bias: Vec<f32>,
    /// What an edge adds to a query beyond that.
    pub(in crate::trajectory) query: Vec<f32>,
    /// What an edge adds to a key beyond that.
    pub(in crate::trajectory) key: Vec<f32>,
    /// The product of both, for each head.
    pub(in crate::trajectory) both: Vec<f32>,
}

impl Prepared {
    /// Packs what passes in a direction need.
    pub(in crate::trajectory) fn pack(
        &mut self,
        level: Level,
        program: &Program,
        parameters: &Parameters,
        direction: Direction,
    ) {
        let values = parameters.values();
        let panels = match direction {
            Direction::Forward => &mut self.forward,
            Direction::Backward => &mut self.backward,
        };
        panels.resize_with(program.weights.len(), Panels::default);
        for (panels, weights) in panels.iter_mut().zip(&program.weights) {
            pack(
                level,
                panels,
                weights,
                &values[weights.parameter],
                direction,
            );
        }
        if direction == Direction::Backward {
            return;
        }
        self.filters.resize_with(program.filters.len(), Vec::new);
        for (packed, filters) in self.filters.iter_mut().zip(&program.filters) {
            turn_filters(filters, &values[filters.parameter], packed);
        }
        self.relations
            .resize_with(program.relations.len(), Related::default);
        for (related, relations) in self.relations.iter_mut().zip(&program.relations) {
            related.project(level, relations, values);
        }
    }

    pub(in crate::trajectory) fn forward(&self, weights: usize) -> &Panels {
        &self.forward[weights]
    }

    pub(in crate::trajectory) fn backward(&self, weights: usize) -> &Panels {
        &self.backward[weights]
    }

    pub(in crate::trajectory) fn filter(&self, filters: usize) -> &[f32] {
        &self.filters[filters]
    }

    pub(in crate::trajectory) fn related(&self, relations: usize) -> &Related {
        &self.relations[relations]
    }
}

fn pack(
    level: Level,
    panels: &mut Panels,
    weights: &Weights,
    values: &[f32],
    direction: Direction,
) {
    let Weights {
        inner,
        outputs,
        first,
        count,
        ..
    } = *weights;
    match (direction, weights.inward) {
        (Direction::Forward, true) => panels.pack_straight(inner, count, &values[first..], outputs),
        (Direction::Forward, false) => {
            panels.pack_turned(level, inner, count, &values[first * inner..], inner);
        }
        (Direction::Backward, true) => {
            panels.pack_turned(level, count, inner, &values[first..], outputs);
        }
        (Direction::Backward, false) => {
            panels.pack_straight(count, inner, &values[first * inner..], inner);
        }
    }
}

fn turn_filters(filters: &Filters, values: &[f32], packed: &mut Vec<f32>) {
    packed.resize(values.len(), 0.0);
    for (channel, taps) in values.chunks_exact(filters.taps).enumerate() {
        for (tap, weight) in taps.iter().enumerate() {
            packed[tap * filters.channels + channel] = *weight;
        }
    }
}

impl Related {
    fn project(&mut self, level: Level, relations: &Relations, values: &[Vec<f32>]) {
        let h = relations.hidden;
        let edges = &values[relations.edges];
        let weight = &values[relations.weight];
        let project = |edge: usize| {
            let mut row = values[relations.bias].clone();
            for (number, weights) in edges[edge * h..][..h]
                .iter()
                .zip(weight.chunks_exact(2 * h))
            {
                for (sum, weight) in row.iter_mut().zip(weights) {
                    *sum += number * weight;
                }
            }
            row
        };
        let (none, some) = (project(0), project(1));
        let change: Vec<f32> = some.iter().zip(&none).map(|(a, b)| a - b).collect();
        self.bias = values[relations.packed_bias].clone();
        for (bias, none) in self.bias.iter_mut().zip(&none) {
            *bias += none;
        }
        self.query = change[..h].to_vec();
        self.key = change[h..].to_vec();
        let dim = h / relations.heads;
        self.both.resize(relations.heads, 0.0);
        for (head, both) in self.both.iter_mut().enumerate() {
            let grid = Grid {
                rows: 1,
                width: dim,
                step: dim,
            };
            let own = head * dim..(head + 1) * dim;
            let out = std::slice::from_mut(both);
            dots(level, grid, &self.query[own.clone()], &self.key[own], out);
        }
    }
}
