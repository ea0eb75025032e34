//! A grid of cells with room for one agent each.

use std::fmt;
use std::ops::{Index, IndexMut};

use rand::RngExt;

use super::Space;
use super::error::SpaceError;
use super::neighbours::{self, Neighbours};
use crate::ids::AgentId;
use crate::streams::Stream;

/// Most cells of a grid.
const MOST_CELLS: u32 = 1 << 30;

/// A cell of a grid.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell {
    /// Column, from 0.
    pub column: u32,
    /// Row, from 0.
    pub row: u32,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "({}, {})", self.column, self.row)
    }
}

/// A grid with at most one agent a cell, that ends at its sides or is periodic.
///
/// What neighbours see of an agent lies in its cell, so that a look around reads whole rows. That is
/// quickest for a state of one byte with values to spare, such as a `bool` or an enum: a cell then
/// needs no more than that byte.
#[derive(Debug, Clone)]
pub struct GridSpace<S> {
    pub(super) columns: u32,
    pub(super) rows: u32,
    pub(super) periodic: bool,
    /// By cell, row by row: the state of who is there.
    pub(super) states: Vec<Option<S>>,
    /// By cell: the id of who is there; of an empty cell its place in `empty`.
    pub(super) keys: Vec<u32>,
    /// By agent.
    places: Vec<Cell>,
    touched: Vec<bool>,
    empty: Vec<Cell>,
}

impl<S> GridSpace<S> {
    /// A grid that ends at its sides.
    ///
    /// # Errors
    /// [`SpaceError::Cells`] when it has none or too many.
    pub fn bounded(columns: u32, rows: u32) -> Result<Self, SpaceError> {
        Self::new(columns, rows, false)
    }

    /// A grid whose opposite sides are joined.
    ///
    /// # Errors
    /// [`SpaceError::Cells`] when it has no cells or too many.
    pub fn periodic(columns: u32, rows: u32) -> Result<Self, SpaceError> {
        Self::new(columns, rows, true)
    }

    fn new(columns: u32, rows: u32, periodic: bool) -> Result<Self, SpaceError> {
        let cells = columns.checked_mul(rows).unwrap_or(0);
        if !(1..=MOST_CELLS).contains(&cells) {
            return Err(SpaceError::Cells {
                columns,
                rows,
                most: MOST_CELLS,
            });
        }
        let all = (0..rows).flat_map(|row| (0..columns).map(move |column| Cell { column, row }));
        Ok(Self {
            columns,
            rows,
            periodic,
            states: std::iter::repeat_with(|| None)
                .take(cells as usize)
                .collect(),
            keys: (0..cells).collect(),
            places: Vec::new(),
            touched: Vec::new(),
            empty: all.collect(),
        })
    }

    /// Number of columns.
    pub fn columns(&self) -> u32 {
        self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// The empty cells, in no meaningful order.
    pub fn empty(&self) -> &[Cell] {
        &self.empty
    }

    /// Who is in `cell`; nobody where there is no such cell.
    pub fn at(&self, cell: Cell) -> Option<AgentId> {
        let index = self.checked(cell).ok()?;
        self.states[index].as_ref()?;
        Some(AgentId(self.keys[index]))
    }

    /// Adds an agent in `cell`.
    ///
    /// # Errors
    /// [`SpaceError::Occupied`] and [`SpaceError::NoCell`].
    pub fn add(&mut self, cell: Cell, state: S) -> Result<AgentId, SpaceError> {
        let index = self.vacant(cell)?;
        self.occupy(self.keys[index]);
        let agent = AgentId(self.places.len() as u32);
        self.places.push(cell);
        self.touched.push(true);
        self.states[index] = Some(state);
        self.keys[index] = agent.0;
        Ok(agent)
    }

    /// Adds an agent in an empty cell that is drawn uniformly.
    ///
    /// # Errors
    /// [`SpaceError::Full`] when there is none.
    pub fn add_anywhere(&mut self, state: S, stream: &mut Stream) -> Result<AgentId, SpaceError> {
        let cell = self.random_empty(stream)?;
        self.add(cell, state)
    }

    /// Moves `agent` to an empty cell that is drawn uniformly.
    ///
    /// # Errors
    /// [`SpaceError::Full`] when there is none.
    ///
    /// # Panics
    /// When there is no such agent.
    #[inline]
    pub fn jump(&mut self, agent: AgentId, stream: &mut Stream) -> Result<(), SpaceError> {
        let cell = self.random_empty(stream)?;
        self.put_in(agent, cell, self.index(cell));
        Ok(())
    }

    /// An empty cell, drawn uniformly.
    ///
    /// # Errors
    /// [`SpaceError::Full`] when there is none.
    #[inline]
    pub fn random_empty(&self, stream: &mut Stream) -> Result<Cell, SpaceError> {
        if self.empty.is_empty() {
            let cells = self.states.len();
            return Err(SpaceError::Full { cells });
        }
        Ok(self.empty[stream.random_range(0..self.empty.len() as u32) as usize])
    }

    /// The agents in the square around `agent` that reaches `radius` cells in all directions (Moore
    /// neighbours by Chebyshev distance), itself left out.
    ///
    /// # Panics
    /// When there is no such agent.
    #[inline]
    pub fn neighbours(&self, agent: AgentId, radius: u32) -> Neighbours<'_, S> {
        neighbours::around(self, self.places[agent.index()], radius)
    }

    #[inline]
    pub(super) fn index(&self, cell: Cell) -> usize {
        cell.row as usize * self.columns as usize + cell.column as usize
    }

    fn checked(&self, cell: Cell) -> Result<usize, SpaceError> {
        let Self { columns, rows, .. } = *self;
        if cell.column < columns && cell.row < rows {
            Ok(self.index(cell))
        } else {
            Err(SpaceError::NoCell {
                cell,
                columns,
                rows,
            })
        }
    }

    fn vacant(&self, cell: Cell) -> Result<usize, SpaceError> {
        let index = self.checked(cell)?;
        if self.states[index].is_some() {
            let agent = AgentId(self.keys[index]);
            return Err(SpaceError::Occupied { cell, agent });
        }
        Ok(index)
    }

    /// Takes a place out of the list of empty cells.
    fn occupy(&mut self, place: u32) {
        self.empty.swap_remove(place as usize);
        if let Some(&moved) = self.empty.get(place as usize) {
            let index = self.index(moved);
            self.keys[index] = place;
        }
    }

    /// Moves an agent to an empty cell, whose place in the list goes to the cell it leaves.
    #[inline]
    fn put_in(&mut self, agent: AgentId, cell: Cell, to: usize) {
        self.touched[agent.index()] = true;
        let old = std::mem::replace(&mut self.places[agent.index()], cell);
        let from = self.index(old);
        let place = std::mem::replace(&mut self.keys[to], agent.0);
        self.states[to] = self.states[from].take();
        self.keys[from] = place;
        self.empty[place as usize] = old;
    }

    #[inline]
    fn occupant(&self, agent: AgentId) -> &S {
        &self.states[self.index(self.places[agent.index()])].as_slice()[0]
    }
}

impl<S> Index<AgentId> for GridSpace<S> {
    type Output = S;

    #[inline]
    fn index(&self, agent: AgentId) -> &S {
        self.occupant(agent)
    }
}

impl<S> IndexMut<AgentId> for GridSpace<S> {
    #[inline]
    fn index_mut(&mut self, agent: AgentId) -> &mut S {
        let index = self.index(self.places[agent.index()]);
        self.touched[agent.index()] = true;
        &mut self.states[index].as_mut_slice()[0]
    }
}

impl<S: Clone + PartialEq + Send + Sync + 'static> Space for GridSpace<S> {
    type State = S;
    type Place = Cell;

    fn agents(&self) -> usize {
        self.places.len()
    }

    fn place(&self, agent: AgentId) -> Cell {
        self.places[agent.index()]
    }

    fn state(&self, agent: AgentId) -> &S {
        &self[agent]
    }

    fn state_mut(&mut self, agent: AgentId) -> &mut S {
        &mut self[agent]
    }

    #[inline]
    fn take_touched(&mut self, agent: AgentId) -> bool {
        std::mem::take(&mut self.touched[agent.index()])
    }

    fn put(&mut self, agent: AgentId, place: Cell) -> Result<(), SpaceError> {
        if self.place(agent) == place {
            return Ok(());
        }
        let index = self.vacant(place)?;
        self.put_in(agent, place, index);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
