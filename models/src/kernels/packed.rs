//! Matrices packed for products with any number of rows.

use std::cell::Cell;

use super::lanes::LANES;
use super::level::{Level, Set};
use super::target::Target;
use super::threads::Threads;
use super::tile::{Strip, compute_strip};

/// Panels of one piece of work.
const STRIP_PANELS: usize = 12;
/// Steps of the inner dimension computed at once when there are many rows: the weights of three
/// panels fill three quarters of a first-level cache of 48 KiB.
const PART: usize = 192;

thread_local! {
    /// Room for rearranged rows, used again by the next product.
    static PACKED: Cell<Vec<f32>> = const { Cell::new(Vec::new()) };
}

/// A weight matrix in panels of 16 outputs, for products `x · Wᵀ`.
///
/// # Shapes
/// Logically `[outputs, inner]`; stored as `[outputs / 16][inner][16]`, zero-padded.
///
/// # Determinism
/// Each element of a product is a chain of fused multiply-adds over the inner dimension in
/// order. Its bits depend on its row and its weights alone: not on the other rows, the threads
/// or the processor's vector width.
#[derive(Debug, Clone)]
pub struct PackedMatrix {
    outputs: usize,
    inner: usize,
    panels: Vec<f32>,
}

impl PackedMatrix {
    /// Packs row-major matrices of equal inner dimension on top of each other.
    ///
    /// # Shapes
    /// Each part: `[outputs_i, inner]`; the result has the sum of their outputs, in order.
    ///
    /// # Panics
    /// When the length of a part is not a multiple of `inner`, or `inner` is 0.
    pub fn pack(parts: &[&[f32]], inner: usize) -> Self {
        assert!(inner > 0, "the inner dimension is 0");
        let outputs = parts
            .iter()
            .map(|part| {
                assert!(
                    part.len() % inner == 0,
                    "a matrix of {} values has no rows of {inner}",
                    part.len()
                );
                part.len() / inner
            })
            .sum::<usize>();
        let mut panels = vec![0.0; outputs.div_ceil(LANES) * inner * LANES];
        let rows = parts.iter().flat_map(|part| part.chunks_exact(inner));
        for (n, row) in rows.enumerate() {
            let panel = &mut panels[n / LANES * inner * LANES..][..inner * LANES];
            for (k, value) in row.iter().enumerate() {
                panel[k * LANES + n % LANES] = *value;
            }
        }
        Self {
            outputs,
            inner,
            panels,
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Inner dimension: the width of the rows it multiplies.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// Copies the weights of one output, a row of the matrix as it was before packing.
    ///
    /// # Panics
    /// When `output` is out of range or `row` is not as long as the inner dimension.
    pub fn read_row(&self, output: usize, row: &mut [f32]) {
        assert!(output < self.outputs, "no output {output}");
        assert_eq!(row.len(), self.inner, "the row's width");
        let panel = &self.panels[output / LANES * self.inner * LANES..];
        for (k, value) in row.iter_mut().enumerate() {
            *value = panel[k * LANES + output % LANES];
        }
    }

    /// The product of rows with the matrix: `out[r][n] = Σ_k x[r][k] · W[n][k]`.
    ///
    /// # Shapes
    /// `x`: `[rows, inner]`; `out`: `[rows, outputs]`, overwritten.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn product(&self, x: &[f32], out: &mut [f32], threads: &Threads) {
        self.product_at(Level::best(), x, out, threads);
    }

    /// [`product`](Self::product) with chosen instructions.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn product_at(&self, level: Level, x: &[f32], out: &mut [f32], threads: &Threads) {
        self.product_into(level, x, Target::whole(out, self.outputs), threads);
    }

    /// The product as part of wider rows.
    pub(crate) fn product_into(
        &self,
        level: Level,
        x: &[f32],
        target: Target<'_>,
        threads: &Threads,
    ) {
        let rows = target.rows(x, self.inner, self.outputs);
        if rows == 0 || self.outputs == 0 {
            return;
        }
        let most = match level.0 {
            Set::Portable => 4,
            #[cfg(target_arch = "x86_64")]
            Set::Avx2 => 6,
            #[cfg(target_arch = "x86_64")]
            Set::Avx512 => 8,
        };
        // Tiles of nearly equal size: nine rows are five and four rather than eight and one.
        let tile_rows = rows.div_ceil(rows.div_ceil(most));
        let mut packed = PACKED.take();
        let x = if rows == 1 {
            x
        } else {
            pack_rows(x, self.inner, tile_rows, &mut packed);
            &packed
        };
        let panels = self.outputs.div_ceil(LANES);
        let strip_panels =
            STRIP_PANELS.min(panels.div_ceil(4 * threads.count()).next_multiple_of(4));
        let part = if rows <= tile_rows { self.inner } else { PART };
        let stride = target.stride;
        target.for_each_strip(self.outputs, strip_panels, threads, |panel, panels, out| {
            for first in (0..self.inner).step_by(part) {
                let offset = panel * self.inner * LANES + first * LANES;
                let strip = Strip {
                    weights: self.panels[offset..].as_ptr(),
                    panel_stride: self.inner * LANES,
                    panels,
                    columns: self.outputs - panel * LANES,
                    rows: x.as_ptr(),
                    tile_rows,
                    inner: self.inner,
                    first,
                    steps: part.min(self.inner - first),
                    row_count: rows,
                    out,
                    out_stride: stride,
                };
                // SAFETY: the target checked the lengths; each strip is of its own columns.
                unsafe { compute_strip(level, &strip) };
            }
        });
        PACKED.set(packed);
    }
}

/// Rearranges rows into tiles of `tile_rows`, each `[inner][rows of the tile]`.
fn pack_rows(x: &[f32], inner: usize, tile_rows: usize, packed: &mut Vec<f32>) {
    packed.resize(x.len(), 0.0);
    let tiles = x
        .chunks(tile_rows * inner)
        .zip(packed.chunks_mut(tile_rows * inner));
    for (from, to) in tiles {
        match from.len() / inner {
            1 => to.copy_from_slice(from),
            2 => turn::<2>(from, inner, to),
            3 => turn::<3>(from, inner, to),
            4 => turn::<4>(from, inner, to),
            5 => turn::<5>(from, inner, to),
            6 => turn::<6>(from, inner, to),
            7 => turn::<7>(from, inner, to),
            _ => turn::<8>(from, inner, to),
        }
    }
}

/// Turns `[R][inner]` into `[inner][R]`.
fn turn<const R: usize>(from: &[f32], inner: usize, to: &mut [f32]) {
    let rows: [&[f32]; R] = std::array::from_fn(|r| &from[r * inner..][..inner]);
    for (k, to) in to.chunks_exact_mut(R).enumerate() {
        for (to, row) in to.iter_mut().zip(&rows) {
            *to = row[k];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(12345);
        (0..count)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 8) as f32 / (1 << 23) as f32 - 1.0
            })
            .collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    #[test]
    fn a_product_is_the_chain_of_fused_sums() {
        let (rows, inner, outputs) = (3, 37, 21);
        let (x, w) = (numbers(rows * inner, 1), numbers(outputs * inner, 2));
        let matrix = PackedMatrix::pack(&[&w[..5 * inner], &w[5 * inner..]], inner);
        let mut out = vec![0.0; rows * outputs];
        matrix.product(&x, &mut out, &Threads::default());
        for r in 0..rows {
            for n in 0..outputs {
                let expected = (0..inner).fold(0.0f32, |acc, k| {
                    x[r * inner + k].mul_add(w[n * inner + k], acc)
                });
                assert_eq!(out[r * outputs + n].to_bits(), expected.to_bits());
            }
        }
        let mut row = vec![0.0; inner];
        matrix.read_row(20, &mut row);
        assert_eq!(row, w[20 * inner..]);
    }

    #[test]
    fn products_may_be_empty() {
        let threads = Threads::default();
        PackedMatrix::pack(&[], 3).product(&[1.0; 6], &mut [], &threads);
        PackedMatrix::pack(&[&[1.0; 6]], 3).product(&[], &mut [], &threads);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn bits_depend_on_the_row_alone(
            rows in 1usize..30, inner in 1usize..1200, outputs in 1usize..260, seed in 0u32..1000,
        ) {
            let (x, w) = (numbers(rows * inner, seed), numbers(outputs * inner, seed + 1));
            let matrix = PackedMatrix::pack(&[&w], inner);
            let mut alone = vec![0.0; rows * outputs];
            for (x, out) in x.chunks(inner).zip(alone.chunks_mut(outputs)) {
                matrix.product_at(Level::available()[0], x, out, &Threads::default());
            }
            for level in Level::available() {
                for threads in [1, 2] {
                    let mut out = vec![7.0; rows * outputs];
                    matrix.product_at(level, &x, &mut out, &Threads::new(threads));
                    prop_assert_eq!(bits(&out), bits(&alone), "{:?}, {} threads", level, threads);
                }
            }
        }
    }
}
