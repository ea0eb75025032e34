//! Weights packed in panels of sixteen outputs, packed anew after each step of training.

use super::buffer::Buffer;
use super::lanes::{LANES, Lanes};
use super::level::{Level, at_level};
use super::product::Columns;

/// A matrix as the second factor of a product: `[columns / 16][inner][16]`, padded with zeros.
#[derive(Debug, Clone, Default)]
pub(crate) struct Panels {
    inner: usize,
    values: Buffer,
}

impl Panels {
    /// The second factor of a product.
    pub(crate) fn columns(&self) -> Columns<'_> {
        Columns {
            values: &self.values,
            step: LANES,
            panel: self.inner * LANES,
        }
    }

    fn room(&mut self, inner: usize, columns: usize) {
        self.inner = inner;
        self.values.resize(columns.div_ceil(LANES) * inner * LANES);
    }

    /// Packs a matrix whose number `(k, n)` is `values[k * step + n]`.
    ///
    /// # Panics
    /// When there are fewer numbers.
    pub(crate) fn pack_straight(
        &mut self,
        inner: usize,
        columns: usize,
        values: &[f32],
        step: usize,
    ) {
        self.room(inner, columns);
        for (p, panel) in self.values.chunks_exact_mut(inner * LANES).enumerate() {
            let first = p * LANES;
            let width = LANES.min(columns - first);
            for (k, line) in panel.chunks_exact_mut(LANES).enumerate() {
                line[..width].copy_from_slice(&values[k * step + first..][..width]);
                line[width..].fill(0.0);
            }
        }
    }

    /// Packs a matrix whose number `(k, n)` is `values[n * step + k]`.
    ///
    /// # Panics
    /// When there are fewer numbers.
    pub(crate) fn pack_turned(
        &mut self,
        level: Level,
        inner: usize,
        columns: usize,
        values: &[f32],
        step: usize,
    ) {
        self.room(inner, columns);
        turn(level, columns, inner, values, step, &mut self.values);
    }
}

/// Packs `[rows, width]`, rows `step` apart, into panels of sixteen rows: `[rows / 16][width][16]`, padded with zeros.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn turn(
    level: Level,
    rows: usize,
    width: usize,
    values: &[f32],
    step: usize,
    to: &mut [f32],
) {
    if rows == 0 || width == 0 {
        return;
    }
    assert!((rows - 1) * step + width <= values.len(), "rows to turn");
    assert!(
        rows.div_ceil(LANES) * width * LANES <= to.len(),
        "turned rows"
    );
    // SAFETY: the lengths were checked.
    unsafe { turn_at(level, rows, width, values.as_ptr(), step, to.as_mut_ptr()) };
}

at_level! {
    unsafe fn turn_at(rows: usize, width: usize, values: *const f32, step: usize, to: *mut f32) = turn_all
}

#[inline(always)]
unsafe fn turn_all<L: Lanes>(
    rows: usize,
    width: usize,
    values: *const f32,
    step: usize,
    to: *mut f32,
) {
    // SAFETY: the caller vouches for the rows and for room; blocks stay inside both.
    unsafe {
        for first in (0..rows).step_by(LANES) {
            let count = LANES.min(rows - first);
            let to = to.add(first * width);
            for column in (0..width).step_by(LANES) {
                let there = LANES.min(width - column);
                let mut block = [L::splat(0.0); LANES];
                for (r, line) in block.iter_mut().enumerate().take(count) {
                    *line = L::load_part(values.add((first + r) * step + column), there);
                }
                let block = L::transposed(block);
                for (c, line) in block.into_iter().enumerate().take(there) {
                    line.store(to.add((column + c) * LANES));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_packing_agree_at_all_levels() {
        for (inner, columns) in [(1, 1), (5, 16), (16, 17), (37, 40), (64, 32)] {
            let number = |k: usize, n: usize| (k * 101 + n) as f32;
            let straight: Vec<f32> = (0..inner * columns)
                .map(|i| number(i / columns, i % columns))
                .collect();
            let turned: Vec<f32> = (0..inner * columns)
                .map(|i| number(i % inner, i / inner))
                .collect();
            let mut first = Panels::default();
            first.pack_straight(inner, columns, &straight, columns);
            for level in Level::available() {
                let mut second = Panels::default();
                second.pack_turned(level, inner, columns, &turned, inner);
                assert_eq!(first.values[..], second.values[..], "{inner} {columns}");
            }
            assert_eq!(first.values[0], 0.0);
            let last = columns - 1;
            let at = last / LANES * inner * LANES + (inner - 1) * LANES + last % LANES;
            assert_eq!(first.values[at], number(inner - 1, last));
        }
    }
}
