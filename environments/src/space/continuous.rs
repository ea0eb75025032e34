//! A plane with positions in `f64`, with bounds or closed to a torus.

use std::ops::{Index, IndexMut};

use super::error::SpaceError;
use super::vec2::Vec2;
use super::within::Within;
use super::{Space, within};
use crate::ids::AgentId;

/// Most cells of the index in one direction; a narrower cell would cost memory and find nothing
/// sooner.
const MOST_CELLS: f64 = 1024.0;

/// A rectangle from (0, 0) to its extent in which any number of agents share any place.
///
/// An index of cells finds the agents [`within`](Self::within) a radius exactly: distances are
/// those of the current positions, on a torus to the nearest image. The agents of a cell lie side
/// by side with their positions and states.
#[derive(Debug, Clone)]
pub struct ContinuousSpace<S> {
    pub(super) extent: Vec2,
    /// Offsets longer than this have a nearer image; infinite where there are no images.
    pub(super) half: Vec2,
    pub(super) columns: usize,
    pub(super) rows: usize,
    /// Cells a unit of length.
    pub(super) per_unit: Vec2,
    pub(super) cells: Vec<Vec<Resident<S>>>,
    slots: Vec<Slot>,
    torus: bool,
}

/// An agent in its cell.
#[derive(Debug, Clone)]
pub(super) struct Resident<S> {
    pub(super) at: Vec2,
    pub(super) agent: AgentId,
    pub(super) state: S,
}

/// Where the entry of an agent is.
#[derive(Debug, Clone, Copy)]
struct Slot {
    cell: u32,
    index: u32,
}

impl<S> ContinuousSpace<S> {
    /// A plane whose opposite sides are joined. `cell` is the width of the cells of the index; the
    /// radius of the usual query is a good one.
    ///
    /// # Errors
    /// [`SpaceError::Length`] when a length is not positive and finite.
    pub fn torus(extent: Vec2, cell: f64) -> Result<Self, SpaceError> {
        Self::new(extent, cell, true)
    }

    /// A plane that ends at its sides, which belong to it.
    ///
    /// # Errors
    /// Those of [`torus`](Self::torus).
    pub fn bounded(extent: Vec2, cell: f64) -> Result<Self, SpaceError> {
        Self::new(extent, cell, false)
    }

    fn new(extent: Vec2, cell: f64, torus: bool) -> Result<Self, SpaceError> {
        let lengths = [("width", extent.x), ("height", extent.y), ("cell", cell)];
        for (name, got) in lengths {
            if !(got > 0.0 && got.is_finite()) {
                return Err(SpaceError::Length { name, got });
            }
        }
        let cells = |length: f64| (length / cell).floor().clamp(1.0, MOST_CELLS);
        let (columns, rows) = (cells(extent.x), cells(extent.y));
        let half = if torus {
            extent * 0.5
        } else {
            Vec2::new(f64::INFINITY, f64::INFINITY)
        };
        let number = columns as usize * rows as usize;
        Ok(Self {
            extent,
            half,
            columns: columns as usize,
            rows: rows as usize,
            per_unit: Vec2::new(columns / extent.x, rows / extent.y),
            cells: std::iter::repeat_with(Vec::new).take(number).collect(),
            slots: Vec::new(),
            torus,
        })
    }

    /// Width and height.
    pub fn extent(&self) -> Vec2 {
        self.extent
    }

    /// Adds an agent; on a torus `at` may be any image of its position.
    ///
    /// # Errors
    /// [`SpaceError::Outside`] when it cannot be there.
    pub fn add(&mut self, at: Vec2, state: S) -> Result<AgentId, SpaceError> {
        let at = self.inside(at)?;
        let next = u32::try_from(self.slots.len());
        let agent = AgentId(next.map_err(|_| SpaceError::Crowded { most: u32::MAX })?);
        let slot = self.enter(self.cell_of(at), Resident { at, agent, state });
        self.slots.push(slot);
        Ok(agent)
    }

    /// The other agents at most `radius` from `agent`, with the offsets to them; nobody when the radius
    /// is negative or not a number.
    ///
    /// # Panics
    /// When there is no such agent.
    pub fn within(&self, agent: AgentId, radius: f64) -> Within<'_, S> {
        within::within(self, self.resident(agent).at, radius, Some(agent))
    }

    /// All agents at most `radius` from `place`, which lies in the space.
    ///
    /// # Errors
    /// [`SpaceError::Outside`] when it does not.
    pub fn around(&self, place: Vec2, radius: f64) -> Result<Within<'_, S>, SpaceError> {
        Ok(within::within(self, self.inside(place)?, radius, None))
    }

    /// Moves `agent` by an offset.
    ///
    /// # Errors
    /// [`SpaceError::Outside`] when that leads out of a space with bounds, or nowhere; the agent then
    /// stays.
    ///
    /// # Panics
    /// When there is no such agent.
    pub fn shift(&mut self, agent: AgentId, by: Vec2) -> Result<(), SpaceError> {
        let to = self.inside(self.resident(agent).at + by)?;
        self.relocate(agent, to);
        Ok(())
    }

    /// The image of `place` in the space.
    fn inside(&self, place: Vec2) -> Result<Vec2, SpaceError> {
        let Self { extent, torus, .. } = *self;
        let image = if torus {
            Vec2::new(wrapped(place.x, extent.x), wrapped(place.y, extent.y))
        } else {
            place
        };
        let inside = |x: f64, length: f64| (0.0..=length).contains(&x);
        if inside(image.x, extent.x) && inside(image.y, extent.y) {
            Ok(image)
        } else {
            Err(SpaceError::Outside { place, extent })
        }
    }

    /// The cell of a position that is inside.
    fn cell_of(&self, at: Vec2) -> usize {
        let column = ((at.x * self.per_unit.x) as usize).min(self.columns - 1);
        let row = ((at.y * self.per_unit.y) as usize).min(self.rows - 1);
        row * self.columns + column
    }

    fn resident(&self, agent: AgentId) -> &Resident<S> {
        let slot = self.slots[agent.index()];
        &self.cells[slot.cell as usize][slot.index as usize]
    }

    fn enter(&mut self, cell: usize, resident: Resident<S>) -> Slot {
        let residents = &mut self.cells[cell];
        residents.push(resident);
        Slot {
            cell: cell as u32,
            index: residents.len() as u32 - 1,
        }
    }

    /// Moves an agent to a position that is inside.
    fn relocate(&mut self, agent: AgentId, to: Vec2) {
        let slot = self.slots[agent.index()];
        let (old, new) = (slot.cell as usize, self.cell_of(to));
        let index = slot.index as usize;
        if old == new {
            self.cells[old][index].at = to;
            return;
        }
        let mut resident = self.cells[old].swap_remove(index);
        if let Some(moved) = self.cells[old].get(index) {
            self.slots[moved.agent.index()].index = slot.index;
        }
        resident.at = to;
        self.slots[agent.index()] = self.enter(new, resident);
    }
}

/// The image of `x` in `0..length`; not a number where there is none.
fn wrapped(x: f64, length: f64) -> f64 {
    let image = if (0.0..length).contains(&x) {
        return x;
    } else if (-length..0.0).contains(&x) {
        x + length
    } else {
        x.rem_euclid(length)
    };
    // A little less than a length may be rounded to it.
    if image >= length { 0.0 } else { image }
}

impl<S> Index<AgentId> for ContinuousSpace<S> {
    type Output = S;

    fn index(&self, agent: AgentId) -> &S {
        &self.resident(agent).state
    }
}

impl<S> IndexMut<AgentId> for ContinuousSpace<S> {
    fn index_mut(&mut self, agent: AgentId) -> &mut S {
        let slot = self.slots[agent.index()];
        &mut self.cells[slot.cell as usize][slot.index as usize].state
    }
}

impl<S: Clone + PartialEq + Send + Sync + 'static> Space for ContinuousSpace<S> {
    type State = S;
    type Place = Vec2;

    fn agents(&self) -> usize {
        self.slots.len()
    }

    fn place(&self, agent: AgentId) -> Vec2 {
        self.resident(agent).at
    }

    fn state(&self, agent: AgentId) -> &S {
        &self[agent]
    }

    fn state_mut(&mut self, agent: AgentId) -> &mut S {
        &mut self[agent]
    }

    fn put(&mut self, agent: AgentId, place: Vec2) -> Result<(), SpaceError> {
        let to = self.inside(place)?;
        self.relocate(agent, to);
        Ok(())
    }
}
