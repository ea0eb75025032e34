//! Spaces in which populations of agents live: a continuous plane and a square grid.
//!
//! A space holds, for each agent, where it is and the state that its neighbours can see. Both lie in
//! plain arrays in the order in which neighbours are looked up, and change at once when an agent
//! acts, so the next agent sees it. Agents are named by [`AgentId`], in the
//! order in which they were added, and stay.
//!
//! # Determinism
//! The order of neighbours follows from the calls so far alone.

mod continuous;
mod error;
mod grid;
mod neighbours;
mod order;
mod vec2;
mod within;

use crate::ids::AgentId;

pub use continuous::ContinuousSpace;
pub use error::SpaceError;
pub use grid::{Cell, GridSpace};
pub use neighbours::{GridNeighbour, Neighbours};
pub use order::shuffle;
pub use vec2::Vec2;
pub use within::{Near, Within};

/// What every space offers to whoever runs a population in it.
pub trait Space: Send + Sync + 'static {
    /// What neighbours see of an agent.
    type State: Clone + PartialEq + Send + Sync + 'static;
    /// Where an agent can be.
    type Place: Copy + PartialEq + Send + Sync + 'static;

    /// How many agents there are; their ids are the numbers below.
    fn agents(&self) -> usize;

    /// Where `agent` is.
    ///
    /// # Panics
    /// When there is no such agent; so do the other methods that take one.
    fn place(&self, agent: AgentId) -> Self::Place;

    /// What others see of `agent`.
    fn state(&self, agent: AgentId) -> &Self::State;

    /// The same, to be changed.
    fn state_mut(&mut self, agent: AgentId) -> &mut Self::State;

    /// Whether `agent` may have moved or changed since this was last asked.
    fn take_touched(&mut self, agent: AgentId) -> bool;

    /// Moves `agent` to `place`.
    ///
    /// # Errors
    /// [`SpaceError`] when it cannot be there; it then stays where it was.
    fn put(&mut self, agent: AgentId, place: Self::Place) -> Result<(), SpaceError>;
}
