//! Products of matrices that lie in rows, packed or as they come from somewhere else.
//!
//! As in the packed products, each output is one lane that adds one fused multiplication for each step of the inner
//! dimension, in order. Neither factor is rearranged here: rows of the first are read one number at a time,
//! the second must have sixteen outputs side by side.
#![expect(
    clippy::needless_range_loop,
    reason = "several arrays of registers are indexed alike"
)]

use super::lanes::{LANES, Lanes};
use super::level::{Level, Set, at_level};

/// The first factor: number `(r, k)` is `values[r * row + k * step]`.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) row: usize,
    pub(crate) step: usize,
}

/// The second factor: number `(k, n)` is `values[n / 16 * panel + k * step + n % 16]`. The last group of sixteen is
/// read whole.
#[derive(Clone, Copy)]
pub(crate) struct Columns<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) step: usize,
    pub(crate) panel: usize,
}

impl<'a> Columns<'a> {
    /// A matrix in rows `step` apart.
    pub(crate) fn of_rows(values: &'a [f32], step: usize) -> Self {
        Self {
            values,
            step,
            panel: LANES,
        }
    }
}

/// What the sums begin with.
#[derive(Clone, Copy)]
pub(crate) enum Start<'a> {
    /// Nothing.
    Zero,
    /// A number for each column.
    Bias(&'a [f32]),
    /// What stands in the result.
    Before,
}

/// Sizes of a product.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
    pub(crate) rows: usize,
    pub(crate) inner: usize,
    pub(crate) columns: usize,
}

/// The product as the kernel sees it.
#[derive(Clone, Copy)]
struct Work<'a> {
    sizes: Sizes,
    a: *const f32,
    row: usize,
    step: usize,
    b: *const f32,
    b_step: usize,
    panel: usize,
    start: Start<'a>,
    /// Negative results become 0.
    cut: bool,
    out: *mut f32,
    out_row: usize,
    most_rows: usize,
}

/// `out[r][n] = start + Σ_k a[r][k] · b[k][n]`, rows of the result `out_row` apart; negative results become 0 with `cut`.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn multiply(
    level: Level,
    sizes: Sizes,
    a: Rows<'_>,
    b: Columns<'_>,
    start: Start<'_>,
    cut: bool,
    out: &mut [f32],
    out_row: usize,
) {
    let Sizes {
        rows,
        inner,
        columns,
    } = sizes;
    if rows == 0 || columns == 0 {
        return;
    }
    let last = inner.saturating_sub(1);
    if inner > 0 {
        assert!(
            (rows - 1) * a.row + last * a.step < a.values.len(),
            "first factor"
        );
        let panels = columns.div_ceil(LANES);
        let end = (panels - 1) * b.panel + last * b.step + LANES;
        assert!(end <= b.values.len(), "second factor");
    }
    assert!(rows == 1 || columns <= out_row, "rows of a product overlap");
    assert!((rows - 1) * out_row + columns <= out.len(), "product");
    if let Start::Bias(bias) = start {
        assert_eq!(bias.len(), columns, "bias");
    }
    let most_rows = match level.0 {
        Set::Portable => 4,
        #[cfg(target_arch = "x86_64")]
        Set::Avx2 => 6,
        #[cfg(target_arch = "x86_64")]
        Set::Avx512 => 8,
    };
    let work = Work {
        sizes,
        a: a.values.as_ptr(),
        row: a.row,
        step: a.step,
        b: b.values.as_ptr(),
        b_step: b.step,
        panel: b.panel,
        start,
        cut,
        out: out.as_mut_ptr(),
        out_row,
        most_rows,
    };
    // SAFETY: the lengths were checked.
    unsafe { compute_at(level, &work) };
}

at_level! {
    unsafe fn compute_at(work: &Work<'_>) = compute
}

#[inline(always)]
unsafe fn compute<L: Lanes>(work: &Work<'_>) {
    // SAFETY: as the caller promises.
    unsafe {
        match work.row {
            1 => all::<L, true>(work),
            _ => all::<L, false>(work),
        }
    }
}

#[inline(always)]
unsafe fn all<L: Lanes, const BESIDE: bool>(work: &Work<'_>) {
    let rows = work.sizes.rows;
    let tile = rows.div_ceil(rows.div_ceil(work.most_rows));
    // Sixteen sums hide the latency of a multiplication; with more of them registers run short for addresses.
    let wide = match (L::WIDE, tile) {
        (true, ..=4) => 4,
        (true, _) => 2,
        (false, ..=2) => 2,
        (false, _) => 1,
    };
    let panels = work.sizes.columns.div_ceil(LANES);
    let mut panel = 0;
    // SAFETY: panels and rows stay inside what the caller vouches for.
    unsafe {
        while panel < panels {
            let taken = wide.min(panels - panel);
            match taken {
                4 => all_rows::<L, 4, BESIDE>(work, panel, tile),
                3 => all_rows::<L, 3, BESIDE>(work, panel, tile),
                2 => all_rows::<L, 2, BESIDE>(work, panel, tile),
                _ => all_rows::<L, 1, BESIDE>(work, panel, tile),
            }
            panel += taken;
        }
    }
}

#[inline(always)]
unsafe fn all_rows<L: Lanes, const P: usize, const BESIDE: bool>(
    work: &Work<'_>,
    panel: usize,
    tile: usize,
) {
    let mut row = 0;
    // SAFETY: the caller gives `P` panels of the product; tiles stay inside its rows.
    unsafe {
        while row < work.sizes.rows {
            let rows = tile.min(work.sizes.rows - row);
            match rows {
                1 => one_tile::<L, 1, P, BESIDE>(work, row, panel),
                2 => one_tile::<L, 2, P, BESIDE>(work, row, panel),
                3 => one_tile::<L, 3, P, BESIDE>(work, row, panel),
                4 => one_tile::<L, 4, P, BESIDE>(work, row, panel),
                5 => one_tile::<L, 5, P, BESIDE>(work, row, panel),
                6 => one_tile::<L, 6, P, BESIDE>(work, row, panel),
                7 => one_tile::<L, 7, P, BESIDE>(work, row, panel),
                _ => one_tile::<L, 8, P, BESIDE>(work, row, panel),
            }
            row += rows;
        }
    }
}

#[inline(always)]
unsafe fn one_tile<L: Lanes, const R: usize, const P: usize, const BESIDE: bool>(
    work: &Work<'_>,
    row: usize,
    panel: usize,
) {
    // SAFETY: `R` rows from `row` and `P` panels from `panel` lie in the product.
    unsafe {
        let first = panel * LANES;
        let columns = work.sizes.columns - first;
        let out = work.out.add(row * work.out_row + first);
        let mut sums = [[L::splat(0.0); P]; R];
        match work.start {
            Start::Zero => {}
            Start::Bias(bias) => {
                for p in 0..P {
                    let at = bias.as_ptr().add(first + p * LANES);
                    let bias = L::load_part(at, columns - p * LANES);
                    for r in 0..R {
                        sums[r][p] = bias;
                    }
                }
            }
            Start::Before => {
                for r in 0..R {
                    for p in 0..P {
                        let at = out.add(r * work.out_row + p * LANES);
                        sums[r][p] = L::load_part(at, columns - p * LANES);
                    }
                }
            }
        }
        let mut a = work.a.add(row * work.row);
        let mut b = work.b.add(panel * work.panel);
        for _ in 0..work.sizes.inner {
            let mut w = [L::splat(0.0); P];
            for p in 0..P {
                w[p] = L::load(b.add(p * work.panel));
            }
            for r in 0..R {
                let at = if BESIDE { r } else { r * work.row };
                let value = L::splat(*a.add(at));
                for p in 0..P {
                    sums[r][p] = value.mul_add(w[p], sums[r][p]);
                }
            }
            a = a.wrapping_add(work.step);
            b = b.wrapping_add(work.b_step);
        }
        for r in 0..R {
            for p in 0..P {
                let sum = if work.cut {
                    sums[r][p].max(L::splat(0.0))
                } else {
                    sums[r][p]
                };
                sum.store_part(out.add(r * work.out_row + p * LANES), columns - p * LANES);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1000.0 - 1.0)
            .collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]
        #[test]
        fn products_are_chains_of_fused_sums_at_all_levels(
            rows in 1usize..20, inner in 1usize..40, columns in 1usize..80, seed in 0usize..1000,
            turned in any::<bool>(), start in 0..3,
        ) {
            let width = columns.next_multiple_of(LANES) + LANES;
            let a = numbers(rows * inner, seed);
            let b = numbers(inner * width, seed + 1);
            let bias = numbers(columns, seed + 2);
            let before = numbers(rows * width, seed + 3);
            let (row, step) = if turned { (1, rows) } else { (inner, 1) };
            let sizes = Sizes { rows, inner, columns };
            let begin = |r: usize, n: usize| match start {
                0 => 0.0,
                1 => bias[n],
                _ => before[r * width + n],
            };
            for level in Level::available() {
                let mut out = before.clone();
                let start = match start {
                    0 => Start::Zero,
                    1 => Start::Bias(&bias),
                    _ => Start::Before,
                };
                let first = Rows { values: &a, row, step };
                let second = Columns::of_rows(&b, width);
                multiply(level, sizes, first, second, start, true, &mut out, width);
                for r in 0..rows {
                    for n in 0..width {
                        let expected = if n < columns {
                            let sum = (0..inner).fold(begin(r, n), |sum, k| {
                                a[r * row + k * step].mul_add(b[k * width + n], sum)
                            });
                            sum.max(0.0)
                        } else {
                            before[r * width + n]
                        };
                        prop_assert_eq!(out[r * width + n], expected, "{:?} {} {}", level, r, n);
                    }
                }
            }
        }
    }
}
