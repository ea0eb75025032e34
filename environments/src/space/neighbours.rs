//! The agents of a grid around a cell.

use std::ops::Range;

use super::grid::{Cell, GridSpace};
use crate::ids::AgentId;

/// An agent near a cell of a grid.
#[derive(Debug)]
pub struct GridNeighbour<'a, S> {
    /// Who.
    pub agent: AgentId,
    /// What can be seen of it.
    pub state: &'a S,
}

/// Iterates over the agents around a cell, row by row.
#[derive(Debug, Clone)]
pub struct Neighbours<'a, S> {
    space: &'a GridSpace<S>,
    centre: usize,
    columns: Span,
    row: u32,
    rows_left: u32,
    /// What is left of the present row, and of its part beyond the side of a periodic grid.
    cells: Range<usize>,
    beyond: Range<usize>,
}

/// Columns or rows in a line, of which the last of a periodic grid is followed by the first.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    count: u32,
}

/// Looks around `cell`, which the grid has.
pub(super) fn around<S>(space: &GridSpace<S>, cell: Cell, radius: u32) -> Neighbours<'_, S> {
    let span = if space.periodic { ring } else { line };
    let rows = span(cell.row, radius, space.rows);
    Neighbours {
        space,
        centre: space.index(cell),
        columns: span(cell.column, radius, space.columns),
        row: rows.first,
        rows_left: rows.count,
        cells: 0..0,
        beyond: 0..0,
    }
}

fn line(centre: u32, radius: u32, length: u32) -> Span {
    let first = centre.saturating_sub(radius);
    let last = centre.saturating_add(radius).min(length - 1);
    Span {
        first,
        count: last - first + 1,
    }
}

/// Each place once, however large the radius.
fn ring(centre: u32, radius: u32, length: u32) -> Span {
    let count = radius.saturating_mul(2).saturating_add(1);
    if count >= length {
        return Span {
            first: 0,
            count: length,
        };
    }
    let first = if centre >= radius {
        centre - radius
    } else {
        centre + length - radius
    };
    Span { first, count }
}

impl<'a, S> Neighbours<'a, S> {
    /// Goes on to the next row; `false` after the last.
    #[inline]
    fn next_row(&mut self) -> bool {
        if self.rows_left == 0 {
            return false;
        }
        let (columns, rows) = (self.space.columns as usize, self.space.rows);
        let start = self.row as usize * columns;
        let end = self.columns.first as usize + self.columns.count as usize;
        self.cells = start + self.columns.first as usize..start + end.min(columns);
        self.beyond = start..start + end.saturating_sub(columns);
        self.rows_left -= 1;
        self.row = if self.row + 1 == rows {
            0
        } else {
            self.row + 1
        };
        true
    }

    #[inline]
    fn neighbour(&self, index: usize) -> Option<GridNeighbour<'a, S>> {
        let state = self.space.states[index].as_ref()?;
        (index != self.centre).then(|| GridNeighbour {
            agent: AgentId(self.space.keys[index]),
            state,
        })
    }
}

impl<'a, S> Iterator for Neighbours<'a, S> {
    type Item = GridNeighbour<'a, S>;

    #[inline]
    fn next(&mut self) -> Option<GridNeighbour<'a, S>> {
        loop {
            while let Some(index) = self.cells.next() {
                if let Some(neighbour) = self.neighbour(index) {
                    return Some(neighbour);
                }
            }
            if !self.beyond.is_empty() {
                self.cells = std::mem::take(&mut self.beyond);
            } else if !self.next_row() {
                return None;
            }
        }
    }

    /// Whole rows at a time: what `count`, `sum` and `for_each` are made of.
    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, start: B, mut add: F) -> B {
        let mut sum = start;
        loop {
            for cells in [self.cells.clone(), self.beyond.clone()] {
                let first = cells.start;
                let states = &self.space.states[cells.clone()];
                let keys = &self.space.keys[cells];
                for (index, (state, &key)) in (first..).zip(states.iter().zip(keys)) {
                    if let Some(state) = state
                        && index != self.centre
                    {
                        let agent = AgentId(key);
                        sum = add(sum, GridNeighbour { agent, state });
                    }
                }
            }
            if !self.next_row() {
                return sum;
            }
        }
    }
}
