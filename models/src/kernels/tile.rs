//! The register tile of a product: some rows times some panels of 16 outputs.
//!
//! Each output is one lane that adds one fused multiplication for each step of the inner
//! dimension, in order. Rows and panels are what fills the pipeline; the sum is never split.
#![expect(
    clippy::needless_range_loop,
    reason = "several arrays of registers are indexed alike"
)]

use super::lanes::{LANES, Lanes};
use super::level::at_level;

/// A product's strip of work: consecutive panels for all rows, over a part of the inner dimension.
#[derive(Clone, Copy)]
pub(super) struct Strip {
    /// The first panel's weights `[panels][k][16]`, at the first step of this part.
    pub(super) weights: *const f32,
    /// Floats from one panel to the next.
    pub(super) panel_stride: usize,
    /// Number of panels.
    pub(super) panels: usize,
    /// Outputs that exist from the first panel on; the strip's panels may be fewer.
    pub(super) columns: usize,
    /// Rows in tiles of `tile_rows`, each `[k][rows of the tile]`, at the first step of this part.
    pub(super) rows: *const f32,
    /// Rows of a full tile.
    pub(super) tile_rows: usize,
    /// Inner dimension in whole, which separates the tiles.
    pub(super) inner: usize,
    /// Steps before this part.
    pub(super) first: usize,
    /// Steps of this part.
    pub(super) steps: usize,
    /// Number of rows.
    pub(super) row_count: usize,
    /// The output of the first row and panel.
    pub(super) out: *mut f32,
    /// Floats from one output row to the next.
    pub(super) out_stride: usize,
}

at_level! {
    /// Computes a strip; continues the sums in `out` where the part is not the first.
    ///
    /// # Safety
    /// The pointers of the strip are valid for what it describes, and nobody else touches its
    /// outputs.
    pub(super) unsafe fn compute_strip(strip: &Strip) = compute
}

/// Some panels at a time, whose weights over this part stay in the first-level cache while all
/// rows pass by them.
#[inline(always)]
unsafe fn compute<L: Lanes>(strip: &Strip) {
    // Together with the weights of one step the sums fill the registers.
    let wide = match (L::WIDE, strip.tile_rows) {
        (true, ..=6) => 4,
        (true, _) => 3,
        (false, ..=2) => 2,
        (false, _) => 1,
    };
    let mut panel = 0;
    // SAFETY: the caller describes the strip truly; panels and rows stay inside it.
    unsafe {
        while panel < strip.panels {
            let taken = if panel + wide <= strip.panels {
                wide
            } else {
                1
            };
            match taken {
                4 => all_rows::<L, 4>(strip, panel),
                3 => all_rows::<L, 3>(strip, panel),
                2 => all_rows::<L, 2>(strip, panel),
                _ => all_rows::<L, 1>(strip, panel),
            }
            panel += taken;
        }
    }
}

#[inline(always)]
unsafe fn all_rows<L: Lanes, const P: usize>(strip: &Strip, panel: usize) {
    let mut row = 0;
    // SAFETY: the caller gives `P` panels of the strip; tiles stay inside its rows.
    unsafe {
        while row < strip.row_count {
            let rows = strip.tile_rows.min(strip.row_count - row);
            let x = strip.rows.add(row * strip.inner + strip.first * rows);
            match rows {
                1 => tile::<L, 1, P>(strip, row, x, panel),
                2 => tile::<L, 2, P>(strip, row, x, panel),
                3 => tile::<L, 3, P>(strip, row, x, panel),
                4 => tile::<L, 4, P>(strip, row, x, panel),
                5 => tile::<L, 5, P>(strip, row, x, panel),
                6 => tile::<L, 6, P>(strip, row, x, panel),
                7 => tile::<L, 7, P>(strip, row, x, panel),
                _ => tile::<L, 8, P>(strip, row, x, panel),
            }
            row += rows;
        }
    }
}

#[inline(always)]
unsafe fn tile<L: Lanes, const R: usize, const P: usize>(
    strip: &Strip,
    row: usize,
    x: *const f32,
    panel: usize,
) {
    // SAFETY: `R` rows from `row` and `P` panels from `panel` lie in the strip; a panel whose
    // outputs exist only in part goes through a buffer.
    unsafe {
        let weights = strip.weights.add(panel * strip.panel_stride);
        let out = strip.out.add(row * strip.out_stride + panel * LANES);
        let columns = strip.columns - panel * LANES;
        let mut acc = [[L::splat(0.0); P]; R];
        if strip.first > 0 {
            for r in 0..R {
                for p in 0..P {
                    acc[r][p] = L::load_part(
                        out.add(r * strip.out_stride + p * LANES),
                        columns - p * LANES,
                    );
                }
            }
        }
        let mut x = x;
        let mut weights = weights;
        for _ in 0..strip.steps {
            let mut w = [L::splat(0.0); P];
            for p in 0..P {
                w[p] = L::load(weights.add(p * strip.panel_stride));
            }
            for r in 0..R {
                let value = L::splat(*x.add(r));
                for p in 0..P {
                    acc[r][p] = value.mul_add(w[p], acc[r][p]);
                }
            }
            x = x.add(R);
            weights = weights.add(LANES);
        }
        for r in 0..R {
            for p in 0..P {
                acc[r][p].store_part(
                    out.add(r * strip.out_stride + p * LANES),
                    columns - p * LANES,
                );
            }
        }
    }
}
