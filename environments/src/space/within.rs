//! The agents of a plane within a radius.

use std::slice;

use super::continuous::{ContinuousSpace, Resident};
use super::vec2::Vec2;
use crate::ids::AgentId;

/// An agent near a place.
#[derive(Debug)]
pub struct Near<'a, S> {
    /// Who.
    pub agent: AgentId,
    /// The way there, to the nearest image.
    pub offset: Vec2,
    /// The square of its length.
    pub distance_squared: f64,
    /// What can be seen of it.
    pub state: &'a S,
}

/// Iterates over the agents within a radius, in the order of the cells.
#[derive(Debug, Clone)]
pub struct Within<'a, S> {
    space: &'a ContinuousSpace<S>,
    centre: Vec2,
    radius_squared: f64,
    except: Option<AgentId>,
    /// What is left of the present cell.
    residents: slice::Iter<'a, Resident<S>>,
    columns: Span,
    column: usize,
    columns_left: usize,
    row: usize,
    rows_left: usize,
}

/// Cells in one direction, of which the last is followed by the first.
#[derive(Debug, Clone, Copy)]
struct Span {
    first: usize,
    count: usize,
}

/// Looks for agents around `centre`, which is inside.
pub(super) fn within<S>(
    space: &ContinuousSpace<S>,
    centre: Vec2,
    radius: f64,
    except: Option<AgentId>,
) -> Within<'_, S> {
    let torus = space.half.x.is_finite();
    let span = |x: f64, length: f64, per_unit: f64, cells: usize| {
        // Wider by more than rounding can move a border, so that no agent is missed.
        let reach = radius * (1.0 + 1e-9) + length * 1e-12;
        span((x - reach) * per_unit, (x + reach) * per_unit, cells, torus)
    };
    let columns = span(centre.x, space.extent.x, space.per_unit.x, space.columns);
    let rows = span(centre.y, space.extent.y, space.per_unit.y, space.rows);
    let found = radius >= 0.0;
    Within {
        space,
        centre,
        radius_squared: radius * radius,
        except,
        residents: [].iter(),
        columns,
        column: columns.first,
        columns_left: columns.count,
        row: rows.first,
        rows_left: if found { rows.count } else { 0 },
    }
}

/// The cells from `low` to `high`, in units of cells, each once.
fn span(low: f64, high: f64, cells: usize, torus: bool) -> Span {
    let count = cells as f64;
    let all = Span {
        first: 0,
        count: cells,
    };
    if torus {
        // Nothing below -cells is left then, so a shift by it makes truncation round down.
        if high - low >= count - 1.0 || low.is_nan() || low <= -count {
            return all;
        }
        let first = (low + count) as usize;
        let last = (high + count) as usize;
        let count = last - first + 1;
        let first = if first >= cells { first - cells } else { first };
        return if count >= cells {
            all
        } else {
            Span { first, count }
        };
    }
    let first = (low.max(0.0) as usize).min(cells - 1);
    let last = (high.max(0.0) as usize).min(cells - 1);
    Span {
        first,
        count: last - first + 1,
    }
}

/// The offset to the nearest image, of one that is less than a length.
fn nearest_image(offset: f64, length: f64, half: f64) -> f64 {
    if offset > half {
        offset - length
    } else if offset < -half {
        offset + length
    } else {
        offset
    }
}

impl<'a, S> Iterator for Within<'a, S> {
    type Item = Near<'a, S>;

    #[inline]
    fn next(&mut self) -> Option<Near<'a, S>> {
        let ContinuousSpace { extent, half, .. } = *self.space;
        loop {
            for resident in self.residents.by_ref() {
                let offset = Vec2::new(
                    nearest_image(resident.at.x - self.centre.x, extent.x, half.x),
                    nearest_image(resident.at.y - self.centre.y, extent.y, half.y),
                );
                let distance_squared = offset.length_squared();
                if distance_squared <= self.radius_squared && Some(resident.agent) != self.except {
                    return Some(Near {
                        agent: resident.agent,
                        offset,
                        distance_squared,
                        state: &resident.state,
                    });
                }
            }
            if self.rows_left == 0 {
                return None;
            }
            self.residents = self.space.cells[self.row * self.space.columns + self.column].iter();
            self.columns_left -= 1;
            self.column = following(self.column, self.space.columns);
            if self.columns_left == 0 {
                self.column = self.columns.first;
                self.columns_left = self.columns.count;
                self.row = following(self.row, self.space.rows);
                self.rows_left -= 1;
            }
        }
    }
}

/// The number after `number` in a circle of `count`.
fn following(number: usize, count: usize) -> usize {
    if number + 1 == count { 0 } else { number + 1 }
}
