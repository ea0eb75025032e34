//! What a space refuses.

use super::grid::Cell;
use super::vec2::Vec2;
use crate::ids::AgentId;

/// Why a space cannot be made, or an agent cannot be where it wants to be.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SpaceError {
    /// A length of the space is not a positive, finite number.
    #[error("{name} of the space: expected a positive finite number, got {got}")]
    Length {
        /// Which length.
        name: &'static str,
        /// Its value.
        got: f64,
    },
    /// A grid has no cells, or more than can be numbered.
    #[error("size of the grid: expected 1 to {most} cells, got {columns} x {rows}")]
    Cells {
        /// Columns asked for.
        columns: u32,
        /// Rows asked for.
        rows: u32,
        /// Most cells of a grid.
        most: u32,
    },
    /// A position that is not a number, or outside of a space with bounds.
    #[error("position: expected x within 0..={} and y within 0..={}, got {place}", extent.x, extent.y)]
    Outside {
        /// The position.
        place: Vec2,
        /// Width and height of the space.
        extent: Vec2,
    },
    /// A cell that the grid does not have.
    #[error("cell: expected one of {columns} x {rows}, got {cell}")]
    NoCell {
        /// The cell.
        cell: Cell,
        /// Columns of the grid.
        columns: u32,
        /// Rows of the grid.
        rows: u32,
    },
    /// A cell that holds another agent.
    #[error("cell {cell}: expected an empty one, got that of agent {agent}")]
    Occupied {
        /// The cell.
        cell: Cell,
        /// Who is there.
        agent: AgentId,
    },
    /// No cell is empty.
    #[error("an empty cell was expected, all {cells} are occupied")]
    Full {
        /// Cells of the grid.
        cells: usize,
    },
    /// More agents than ids.
    #[error("agents of a space: expected at most {most}, got one more")]
    Crowded {
        /// Most agents of a space.
        most: u32,
    },
}
