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
    /// The columns to look at: from the first to the end, and on a periodic grid those from 0 to
    /// `beyond`, which follow its last.
    first: usize,
    end: usize,
    beyond: usize,
    /// The first cell of the next row.
    row: usize,
    rows_left: u32,
    /// What is left of the present run of cells, and what follows it in its row: behind the centre, and
    /// beyond the last column.
    run: Range<usize>,
    behind: Range<usize>,
    wrapped: Range<usize>,
}

/// Columns or rows in a line, of which the last of a periodic grid is followed by the first.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: u32,
    count: u32,
}

/// Looks around `cell`, which the grid has.
#[inline]
pub(super) fn around<S>(space: &GridSpace<S>, cell: Cell, radius: u32) -> Neighbours<'_, S> {
    let (columns, rows) = if space.periodic {
        (
            ring(cell.column, radius, space.columns),
            ring(cell.row, radius, space.rows),
        )
    } else {
        (
            line(cell.column, radius, space.columns),
            line(cell.row, radius, space.rows),
        )
    };
    let width = space.columns as usize;
    let first = columns.first as usize;
    let end = first + columns.count as usize;
    Neighbours {
        space,
        centre: space.index(cell),
        first,
        end: end.min(width),
        beyond: end.saturating_sub(width),
        row: rows.first as usize * width,
        rows_left: rows.count,
        run: 0..0,
        behind: 0..0,
        wrapped: 0..0,
    }
}

#[inline]
fn line(centre: u32, radius: u32, length: u32) -> Span {
    let first = centre.saturating_sub(radius);
    let last = centre.saturating_add(radius).min(length - 1);
    Span {
        first,
        count: last - first + 1,
    }
}

/// Each place once, however large the radius.
#[inline]
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
    /// The next cells that lie side by side, without the centre.
    #[inline]
    fn next_run(&mut self) -> Option<Range<usize>> {
        let run = if !self.behind.is_empty() {
            return Some(std::mem::take(&mut self.behind));
        } else if !self.wrapped.is_empty() {
            std::mem::take(&mut self.wrapped)
        } else if self.rows_left > 0 {
            let row = self.row;
            self.rows_left -= 1;
            self.row += self.space.columns as usize;
            if self.row == self.space.states.len() {
                self.row = 0;
            }
            self.wrapped = row..row + self.beyond;
            row + self.first..row + self.end
        } else {
            return None;
        };
        if run.contains(&self.centre) {
            self.behind = self.centre + 1..run.end;
            Some(run.start..self.centre)
        } else {
            Some(run)
        }
    }

    /// Whether what is left is a square with the centre in its middle and no side of the grid in it.
    #[inline]
    fn is_square(&self, width: usize) -> bool {
        let begun = [&self.run, &self.behind, &self.wrapped];
        let (columns, cells) = (self.space.columns as usize, self.space.states.len());
        begun.into_iter().all(Range::is_empty)
            && self.rows_left as usize == width
            && self.end - self.first == width
            && self.centre == self.row + self.first + width / 2 * (columns + 1)
            && self.row + width * columns <= cells
    }

    /// Looks at all agents of such a square.
    #[inline]
    fn fold_square<const WIDTH: usize, B, F>(&self, start: B, mut add: F) -> B
    where
        F: FnMut(B, GridNeighbour<'a, S>) -> B,
    {
        let mut sum = start;
        let mut first = self.row + self.first;
        for row in 0..WIDTH {
            let states = &self.space.states[first..first + WIDTH];
            let keys = &self.space.keys[first..first + WIDTH];
            for (column, (state, &key)) in states.iter().zip(keys).enumerate() {
                if (row, column) != (WIDTH / 2, WIDTH / 2)
                    && let Some(state) = state
                {
                    let agent = AgentId(key);
                    sum = add(sum, GridNeighbour { agent, state });
                }
            }
            first += self.space.columns as usize;
        }
        sum
    }

    #[inline]
    fn neighbour(&self, index: usize) -> Option<GridNeighbour<'a, S>> {
        let state = self.space.states[index].as_ref()?;
        let agent = AgentId(self.space.keys[index]);
        Some(GridNeighbour { agent, state })
    }
}

impl<'a, S> Iterator for Neighbours<'a, S> {
    type Item = GridNeighbour<'a, S>;

    #[inline]
    fn next(&mut self) -> Option<GridNeighbour<'a, S>> {
        loop {
            while let Some(index) = self.run.next() {
                if let Some(neighbour) = self.neighbour(index) {
                    return Some(neighbour);
                }
            }
            self.run = self.next_run()?;
        }
    }

    /// What `count`, `sum` and `for_each` are made of. The usual squares, away from the sides of the
    /// grid, have code of their own, whose loops are as short as the compiler knows them to be.
    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, start: B, mut add: F) -> B {
        if self.is_square(3) {
            return self.fold_square::<3, B, F>(start, add);
        }
        if self.is_square(5) {
            return self.fold_square::<5, B, F>(start, add);
        }
        let mut sum = start;
        let mut run = self.run.clone();
        loop {
            let keys = &self.space.keys[run.clone()];
            for (state, &key) in self.space.states[run].iter().zip(keys) {
                if let Some(state) = state {
                    let agent = AgentId(key);
                    sum = add(sum, GridNeighbour { agent, state });
                }
            }
            match self.next_run() {
                Some(next) => run = next,
                None => return sum,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::ids::EpisodeIx;
    use crate::space::Space;
    use crate::streams::{Purpose, RunSeed, StreamKey};

    /// The others within the Chebyshev distance.
    fn by_definition(space: &GridSpace<u8>, me: AgentId, radius: u32) -> Vec<AgentId> {
        let distance = |a: u32, b: u32, length: u32| {
            let straight = a.abs_diff(b);
            if space.periodic {
                straight.min(length - straight)
            } else {
                straight
            }
        };
        let at = space.place(me);
        let agents = (0..space.agents() as u32).map(AgentId);
        agents
            .filter(|&other| {
                let there = space.place(other);
                let columns = distance(at.column, there.column, space.columns);
                let rows = distance(at.row, there.row, space.rows);
                other != me && columns.max(rows) <= radius
            })
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..ProptestConfig::with_cases(400)
        })]

        #[test]
        fn neighbours_are_those_of_the_definition(
            periodic: bool,
            columns in 1_u32..12,
            rows in 1_u32..12,
            wanted in 1_u32..100,
            radius in prop_oneof![0_u32..4, 0_u32..15, Just(u32::MAX)],
            begun in 0_usize..12,
            seed: u64,
        ) {
            let key = StreamKey::episode(RunSeed(seed), EpisodeIx(0), Purpose::Dynamics);
            let mut draws = key.open();
            let make = if periodic { GridSpace::periodic } else { GridSpace::bounded };
            let mut space = make(columns, rows).unwrap();
            for number in 0..wanted.min(columns * rows) {
                space.add_anywhere(number as u8, &mut draws).unwrap();
            }
            for me in (0..space.agents() as u32).map(AgentId) {
                let around = || space.neighbours(me, radius);
                let one_by_one: Vec<AgentId> = {
                    let mut around = around();
                    std::iter::from_fn(|| around.next()).map(|near| near.agent).collect()
                };
                let mut sorted = one_by_one.clone();
                sorted.sort_unstable();
                prop_assert_eq!(sorted, by_definition(&space, me, radius));
                // Whole rows at once, also after a few one by one, give the same in the same order.
                let mut rest = around();
                let mut all: Vec<AgentId> = rest.by_ref().take(begun).map(|n| n.agent).collect();
                rest.for_each(|near| {
                    assert_eq!(u32::from(*near.state), near.agent.0);
                    all.push(near.agent);
                });
                prop_assert_eq!(all, one_by_one);
            }
        }
    }

    #[test]
    fn corners_of_a_grid_that_ends_have_three_neighbours_and_others_eight() {
        for (space, expected) in [
            (GridSpace::bounded(6, 5), [3, 5, 8]),
            (GridSpace::periodic(6, 5), [8, 8, 8]),
        ] {
            let mut space = space.unwrap();
            for row in 0..5 {
                for column in 0..6 {
                    space.add(Cell { column, row }, ()).unwrap();
                }
            }
            let counts = [(0, 0), (3, 4), (2, 2)].map(|(column, row)| {
                let me = space.at(Cell { column, row }).unwrap();
                space.neighbours(me, 1).count()
            });
            assert_eq!(counts, expected);
        }
    }
}
