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
#[inline]
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
#[inline]
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
        let count = (last + 1).saturating_sub(first);
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
#[inline]
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
#[inline]
fn following(number: usize, count: usize) -> usize {
    if number + 1 == count { 0 } else { number + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;
    use crate::space::Space;

    /// Positions on and near the sides and the borders of cells, and anywhere.
    fn coordinate(length: f64) -> impl Strategy<Value = f64> {
        let borders = (0_u32..=8).prop_map(move |eighth| length * f64::from(eighth) / 8.0);
        let last = length.next_down();
        prop_oneof![borders, Just(last), Just(1e-300), 0.0..length]
    }

    /// The distance by the definition: on a torus the least over all images.
    fn distance(from: Vec2, to: Vec2, extent: Vec2, torus: bool) -> f64 {
        let axis = |offset: f64, length: f64| {
            let images = [offset, offset - length, offset + length];
            let least = images.map(f64::abs).into_iter().fold(f64::MAX, f64::min);
            if torus { least } else { offset.abs() }
        };
        axis(to.x - from.x, extent.x).hypot(axis(to.y - from.y, extent.y))
    }

    fn space(extent: Vec2, cell: f64, torus: bool) -> ContinuousSpace<u32> {
        if torus {
            ContinuousSpace::torus(extent, cell).unwrap()
        } else {
            ContinuousSpace::bounded(extent, cell).unwrap()
        }
    }

    /// Checks what is found around every agent against a look at all pairs. Whoever is at the radius
    /// but for rounding may be found or not.
    fn check(space: &ContinuousSpace<u32>, extent: Vec2, radius: f64, torus: bool) {
        let agents = || (0..space.agents() as u32).map(AgentId);
        for me in agents() {
            let mut found = vec![None; space.agents()];
            for near in space.within(me, radius) {
                assert_ne!(near.agent, me);
                assert_eq!(*near.state, near.agent.0);
                assert_eq!(near.distance_squared, near.offset.length_squared());
                let before = found[near.agent.index()].replace(near.offset);
                assert_eq!(before, None, "{} came twice", near.agent);
            }
            let at = space.place(me);
            for other in agents().filter(|&other| other != me) {
                let there = space.place(other);
                let apart = distance(at, there, extent, torus);
                let slack = 1e-12 * (extent.x + extent.y);
                match found[other.index()] {
                    Some(offset) => {
                        assert!(apart <= radius + slack, "{other} at {apart}");
                        assert!((offset.length() - apart).abs() <= slack);
                        assert!(distance(at + offset, there, extent, torus) <= slack);
                    }
                    None => assert!(apart > radius - slack, "{other} at {apart} is missing"),
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: RngSeed::Fixed(1),
            failure_persistence: None,
            ..ProptestConfig::with_cases(300)
        })]

        #[test]
        fn whoever_is_within_the_radius_is_found(
            torus: bool,
            cells in 0.1..30.0_f64,
            reach in prop_oneof![0.0..1.5_f64, 0.0..0.2_f64, Just(0.125)],
            places in prop::collection::vec((coordinate(16.0), coordinate(9.0)), 1..40),
            moves in prop::collection::vec((0_usize..40, coordinate(16.0), coordinate(9.0)), 0..40),
        ) {
            let extent = Vec2::new(16.0, 9.0);
            let mut space = space(extent, 16.0 / cells, torus);
            for (number, &(x, y)) in (0..).zip(&places) {
                space.add(Vec2::new(x, y), number).unwrap();
            }
            check(&space, extent, reach * 16.0, torus);
            for &(agent, x, y) in &moves {
                let agent = AgentId((agent % places.len()) as u32);
                space.put(agent, Vec2::new(x, y)).unwrap();
                prop_assert_eq!(distance(space.place(agent), Vec2::new(x, y), extent, torus), 0.0);
            }
            check(&space, extent, reach * 16.0, torus);
        }
    }

    #[test]
    fn distances_at_the_radius_count() {
        for torus in [true, false] {
            let mut space = space(Vec2::new(8.0, 8.0), 1.0, torus);
            let me = space.add(Vec2::new(4.0, 4.0), 0).unwrap();
            space.add(Vec2::new(6.0, 4.0), 1).unwrap();
            space.add(Vec2::new(4.0, 2.0), 2).unwrap();
            space.add(Vec2::new(4.0, 6.0_f64.next_up()), 3).unwrap();
            let mut found: Vec<u32> = space.within(me, 2.0).map(|near| *near.state).collect();
            found.sort_unstable();
            assert_eq!(found, [1, 2]);
        }
    }

    #[test]
    fn the_nearest_image_is_across_the_side_of_a_torus_alone() {
        let offset = |torus| {
            let mut space = space(Vec2::new(10.0, 10.0), 2.0, torus);
            let me = space.add(Vec2::new(0.5, 9.5), 0).unwrap();
            space.add(Vec2::new(9.5, 0.5), 1).unwrap();
            space.within(me, 2.0).next().map(|near| near.offset)
        };
        assert_eq!(offset(true), Some(Vec2::new(-1.0, 1.0)));
        assert_eq!(offset(false), None);
    }

    #[test]
    fn a_radius_beyond_the_space_finds_everyone_once() {
        for torus in [true, false] {
            let mut space = space(Vec2::new(3.0, 2.0), 0.5, torus);
            for number in 0..30 {
                let x = f64::from(number) / 10.0;
                space.add(Vec2::new(x, x / 2.0), number).unwrap();
            }
            for radius in [4.0, 1e9, f64::INFINITY] {
                let mut found: Vec<u32> = space
                    .within(AgentId(7), radius)
                    .map(|near| near.agent.0)
                    .collect();
                found.sort_unstable();
                assert!(found.into_iter().eq((0..30).filter(|&agent| agent != 7)));
            }
            for radius in [-1.0, f64::NAN] {
                assert_eq!(space.within(AgentId(7), radius).count(), 0);
            }
        }
    }

    #[test]
    fn around_a_place_nobody_is_left_out() {
        let mut space = space(Vec2::new(10.0, 10.0), 2.0, true);
        space.add(Vec2::new(1.0, 1.0), 0).unwrap();
        space.add(Vec2::new(9.0, 1.0), 1).unwrap();
        let found = |x| space.around(Vec2::new(x, 1.0), 1.5).unwrap().count();
        assert_eq!(
            [found(1.0), found(0.0), found(5.0), found(11.0)],
            [1, 2, 0, 1]
        );
    }
}
