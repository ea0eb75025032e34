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
    touched: Vec<bool>,
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
            touched: Vec::new(),
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
        self.touched.push(true);
        Ok(agent)
    }

    /// The other agents at most `radius` from `agent`, with the offsets to them; nobody when the radius
    /// is negative or not a number.
    ///
    /// # Panics
    /// When there is no such agent.
    #[inline]
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
    #[inline]
    pub fn shift(&mut self, agent: AgentId, by: Vec2) -> Result<(), SpaceError> {
        let to = self.inside(self.resident(agent).at + by)?;
        self.relocate(agent, to);
        Ok(())
    }

    /// The image of `place` in the space.
    #[inline]
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
    #[inline]
    fn cell_of(&self, at: Vec2) -> usize {
        let column = ((at.x * self.per_unit.x) as usize).min(self.columns - 1);
        let row = ((at.y * self.per_unit.y) as usize).min(self.rows - 1);
        row * self.columns + column
    }

    #[inline]
    fn resident(&self, agent: AgentId) -> &Resident<S> {
        let slot = self.slots[agent.index()];
        &self.cells[slot.cell as usize][slot.index as usize]
    }

    #[inline]
    fn enter(&mut self, cell: usize, resident: Resident<S>) -> Slot {
        let residents = &mut self.cells[cell];
        residents.push(resident);
        Slot {
            cell: cell as u32,
            index: residents.len() as u32 - 1,
        }
    }

    /// Moves an agent to a position that is inside.
    #[inline]
    fn relocate(&mut self, agent: AgentId, to: Vec2) {
        let slot = self.slots[agent.index()];
        let (old, new) = (slot.cell as usize, self.cell_of(to));
        let index = slot.index as usize;
        self.touched[agent.index()] = true;
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
#[inline]
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

    #[inline]
    fn index(&self, agent: AgentId) -> &S {
        &self.resident(agent).state
    }
}

impl<S> IndexMut<AgentId> for ContinuousSpace<S> {
    #[inline]
    fn index_mut(&mut self, agent: AgentId) -> &mut S {
        let slot = self.slots[agent.index()];
        self.touched[agent.index()] = true;
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

    #[inline]
    fn take_touched(&mut self, agent: AgentId) -> bool {
        std::mem::take(&mut self.touched[agent.index()])
    }

    fn put(&mut self, agent: AgentId, place: Vec2) -> Result<(), SpaceError> {
        let to = self.inside(place)?;
        self.relocate(agent, to);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_beyond_the_side_of_a_torus_comes_back_in() {
        let mut space = ContinuousSpace::torus(Vec2::new(10.0, 4.0), 1.0).unwrap();
        let agent = space.add(Vec2::new(9.5, 0.25), ()).unwrap();
        for (by, to) in [
            (Vec2::new(1.0, -0.5), Vec2::new(0.5, 3.75)),
            (Vec2::new(-0.75, 0.25), Vec2::new(9.75, 0.0)),
            (Vec2::new(100.0, -41.0), Vec2::new(9.75, 3.0)),
            // Less than the last number below the side is not the side.
            (Vec2::new(0.25, 1.0), Vec2::ZERO),
            (Vec2::new(-1e-300, 0.0), Vec2::ZERO),
        ] {
            space.shift(agent, by).unwrap();
            assert_eq!(space.place(agent), to);
        }
    }

    #[test]
    fn a_plane_with_bounds_ends_at_its_sides() {
        let extent = Vec2::new(10.0, 4.0);
        let mut space = ContinuousSpace::bounded(extent, 1.0).unwrap();
        let agent = space.add(extent, ()).unwrap();
        let place = Vec2::new(10.5, 4.0);
        assert_eq!(
            space.shift(agent, Vec2::new(0.5, 0.0)),
            Err(SpaceError::Outside { place, extent })
        );
        assert_eq!(space.place(agent), extent);
        space.shift(agent, Vec2::new(-10.0, -4.0)).unwrap();
        assert_eq!(space.place(agent), Vec2::ZERO);
    }

    #[test]
    fn places_that_are_no_numbers_are_refused_everywhere() {
        for make in [ContinuousSpace::torus, ContinuousSpace::bounded] {
            let mut space = make(Vec2::new(10.0, 4.0), 1.0).unwrap();
            let agent = space.add(Vec2::ZERO, ()).unwrap();
            for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
                let refused = |result| matches!(result, Err(SpaceError::Outside { .. }));
                assert!(refused(space.shift(agent, Vec2::new(bad, 0.0))));
                assert!(refused(space.put(agent, Vec2::new(0.0, bad))));
                assert!(refused(space.add(Vec2::new(bad, bad), ()).map(|_| ())));
            }
            assert_eq!((space.agents(), space.place(agent)), (1, Vec2::ZERO));
        }
    }

    #[test]
    fn lengths_must_be_positive_and_finite() {
        let space = |x, y, cell| ContinuousSpace::<()>::torus(Vec2::new(x, y), cell).map(|_| ());
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            for (result, name) in [
                (space(bad, 1.0, 1.0), "width"),
                (space(1.0, bad, 1.0), "height"),
                (space(1.0, 1.0, bad), "cell"),
            ] {
                let Err(SpaceError::Length { name: said, .. }) = result else {
                    panic!("{name} of {bad} was taken")
                };
                assert_eq!(said, name);
            }
        }
        // Very narrow and very wide cells are as good as others.
        assert_eq!(space(1.0, 1e300, 1e-300), Ok(()));
        assert_eq!(space(1.0, 1.0, 1e300), Ok(()));
    }

    #[test]
    fn whoever_moved_or_changed_is_told_once() {
        let mut space = ContinuousSpace::torus(Vec2::new(10.0, 4.0), 1.0).unwrap();
        let agents = [0, 1, 2].map(|x| space.add(Vec2::new(f64::from(x), 0.0), x).unwrap());
        for agent in agents {
            space.take_touched(agent);
        }
        space.shift(agents[0], Vec2::new(0.5, 0.0)).unwrap();
        space[agents[2]] = 7;
        assert_eq!(
            agents.map(|agent| space.take_touched(agent)),
            [true, false, true]
        );
        assert_eq!(agents.map(|agent| space.take_touched(agent)), [false; 3]);
    }
}
