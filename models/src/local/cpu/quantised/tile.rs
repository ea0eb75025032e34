//! The kernel of quantised products: one panel of 16 outputs times a tile of rows.
#![expect(
    clippy::needless_range_loop,
    reason = "several arrays of registers are indexed alike"
)]

use super::activations::{Activations, BLOCK};
use super::format::BlockFormat;
use crate::kernels::{LANES, Level, at_level, is_wide};
use crate::local::cpu::kernels::IntegerLanes;

/// How a group, one block of each of 16 outputs, lies in memory; offsets in bytes. It begins
/// with 16 factors `d`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    /// Weights of each output.
    pub(super) weights: usize,
    /// Whether two codes share a byte.
    pub(super) nibbles: bool,
    /// 16 factors of the minima.
    pub(super) minimum: Option<usize>,
    /// 16 scales for each part of the block.
    pub(super) scales: Option<usize>,
    /// Parts with a scale of their own.
    pub(super) scale_count: usize,
    /// 16 minima for each 32 weights.
    pub(super) minima: Option<usize>,
    /// The codes.
    pub(super) codes: usize,
    /// Size of the group.
    pub(super) group_bytes: usize,
}

impl Layout {
    pub(super) const fn of(format: BlockFormat) -> Self {
        let plain = Self {
            weights: 32,
            nibbles: false,
            minimum: None,
            scales: None,
            scale_count: 1,
            minima: None,
            codes: 64,
            group_bytes: 64 + 32 * LANES,
        };
        match format {
            BlockFormat::Q8_0 => plain,
            BlockFormat::Q4_0 => Self {
                nibbles: true,
                group_bytes: 64 + 16 * LANES,
                ..plain
            },
            BlockFormat::Q4K => Self {
                weights: 256,
                nibbles: true,
                minimum: Some(64),
                scales: Some(128),
                scale_count: 8,
                minima: Some(256),
                codes: 384,
                group_bytes: 384 + 128 * LANES,
            },
            BlockFormat::Q6K => Self {
                weights: 256,
                scales: Some(64),
                scale_count: 16,
                codes: 320,
                group_bytes: 320 + 256 * LANES,
                ..plain
            },
        }
    }
}

/// The work on one panel.
#[derive(Clone, Copy)]
pub(super) struct Panel<'a> {
    pub(super) format: BlockFormat,
    /// The panel's groups.
    pub(super) weights: &'a [u8],
    /// All rows.
    pub(super) activations: &'a Activations,
    /// Inner dimension.
    pub(super) inner: usize,
    /// Number of rows.
    pub(super) rows: usize,
    /// Rows of a full tile.
    pub(super) tile_rows: usize,
    /// Outputs of the panel that exist.
    pub(super) columns: usize,
    /// The first row's first output of the panel.
    pub(super) out: *mut f32,
    /// Floats from one output row to the next.
    pub(super) stride: usize,
}

/// Rows of a full tile at a level.
pub(super) fn tile_rows(level: Level) -> usize {
    if is_wide(level) { 8 } else { 3 }
}

/// Computes the outputs of a panel for all rows.
///
/// The work's output pointer must reach all rows and belong to this panel alone.
pub(super) fn compute_panel(level: Level, work: &Panel<'_>) {
    // SAFETY: the matrix describes its panel truly, and hands each one out once.
    unsafe { compute_at(level, work) };
}

at_level! {
    unsafe fn compute_at(work: &Panel<'_>) = compute
}

#[inline(always)]
unsafe fn compute<L: IntegerLanes>(work: &Panel<'_>) {
    // SAFETY: as the caller promises; the format is the panel's.
    unsafe {
        match work.format {
            BlockFormat::Q4_0 => tiles::<L, 0>(work),
            BlockFormat::Q8_0 => tiles::<L, 1>(work),
            BlockFormat::Q4K => tiles::<L, 2>(work),
            BlockFormat::Q6K => tiles::<L, 3>(work),
        }
    }
}

/// The layouts by the number that stands for a format in the kernel.
const LAYOUTS: [Layout; 4] = [
    Layout::of(BlockFormat::Q4_0),
    Layout::of(BlockFormat::Q8_0),
    Layout::of(BlockFormat::Q4K),
    Layout::of(BlockFormat::Q6K),
];

#[inline(always)]
unsafe fn tiles<L: IntegerLanes, const F: usize>(work: &Panel<'_>) {
    let mut row = 0;
    // SAFETY: as the caller promises; tiles stay below the number of rows.
    unsafe {
        while row < work.rows {
            let rows = work.tile_rows.min(work.rows - row);
            if L::WIDE {
                match rows {
                    1 => tile::<L, F, 1>(work, row),
                    2 => tile::<L, F, 2>(work, row),
                    3 => tile::<L, F, 3>(work, row),
                    4 => tile::<L, F, 4>(work, row),
                    5 => tile::<L, F, 5>(work, row),
                    6 => tile::<L, F, 6>(work, row),
                    7 => tile::<L, F, 7>(work, row),
                    _ => tile::<L, F, 8>(work, row),
                }
            } else {
                match rows {
                    1 => tile::<L, F, 1>(work, row),
                    2 => tile::<L, F, 2>(work, row),
                    _ => tile::<L, F, 3>(work, row),
                }
            }
            row += rows;
        }
    }
}

#[inline(always)]
unsafe fn tile<L: IntegerLanes, const F: usize, const R: usize>(work: &Panel<'_>, row: usize) {
    let layout = const { LAYOUTS[F] };
    let blocks = layout.weights / BLOCK;
    // Scales for each 32 weights, or for each 16.
    let halves = layout.scale_count.div_ceil(blocks);
    let first = row * work.inner;
    // SAFETY: the activations hold all rows in tiles of `tile_rows`; this is the tile of the `R`
    // rows from `row`. Groups are read inside the panel.
    unsafe {
        let mut codes = work.activations.codes.as_ptr().add(first / 4);
        let mut scales = work.activations.scales.as_ptr().add(first / BLOCK);
        let mut sums = work.activations.sums.as_ptr().add(first / BLOCK);
        let mut shifts = work.activations.shifts.as_ptr().add(first / 16);
        let mut acc = [L::splat(0.0); R];
        for group in work.weights.chunks_exact(layout.group_bytes) {
            let group = group.as_ptr();
            let d = L::load(group.cast());
            for block in 0..blocks {
                let mut dots = [[L::zero_ints(); R]; 2];
                if layout.nibbles {
                    let lines = group.add(layout.codes + block * 256);
                    for line in 0..4 {
                        let bytes = L::load_bytes(lines.add(line * 64));
                        let (low, high) = (L::low_nibbles(bytes), L::high_nibbles(bytes));
                        for r in 0..R {
                            let x = *codes.add(line * R + r);
                            dots[0][r] = L::dot_unsigned(dots[0][r], low, x);
                        }
                        for r in 0..R {
                            let x = *codes.add((line + 4) * R + r);
                            dots[0][r] = L::dot_unsigned(dots[0][r], high, x);
                        }
                    }
                } else {
                    let lines = group.add(layout.codes + block * 512);
                    for half in 0..2 {
                        let part = if halves == 2 { half } else { 0 };
                        if half == part {
                            for r in 0..R {
                                let mut shift = *shifts.add(half * R + r);
                                if halves == 1 {
                                    shift += *shifts.add(R + r);
                                }
                                dots[part][r] = L::start_signed(shift);
                            }
                        }
                        for line in 4 * half..4 * half + 4 {
                            let bytes = L::load_bytes(lines.add(line * 64));
                            for r in 0..R {
                                let x = *codes.add(line * R + r);
                                dots[part][r] = L::dot_signed(dots[part][r], bytes, x);
                            }
                        }
                    }
                }
                for half in 0..halves {
                    let scale = match layout.scales {
                        Some(at) => {
                            let index = block * halves + half;
                            L::load_signed(group.add(at + index * LANES)).mul(d)
                        }
                        None => d,
                    };
                    for r in 0..R {
                        let factor = scale.mul(L::splat(*scales.add(r)));
                        acc[r] = L::from_ints(dots[half][r]).mul_add(factor, acc[r]);
                    }
                }
                if layout.nibbles {
                    let minimum = match (layout.minimum, layout.minima) {
                        (Some(factor), Some(at)) => {
                            let minima = L::load_unsigned(group.add(at + block * LANES));
                            minima.mul(L::load(group.add(factor).cast()))
                        }
                        _ => d.mul(L::splat(8.0)),
                    };
                    for r in 0..R {
                        acc[r] = minimum.mul_add(L::splat(-*sums.add(r)), acc[r]);
                    }
                }
                codes = codes.add(BLOCK / 4 * R);
                scales = scales.add(R);
                sums = sums.add(R);
                shifts = shifts.add(2 * R);
            }
        }
        for r in 0..R {
            acc[r].store_part(work.out.add((row + r) * work.stride), work.columns);
        }
    }
}

#[cfg(test)]
mod tests {
    use candle_core::quantized::{GgmlDType, QTensor};
    use candle_core::{Device, Tensor};

    use super::*;
    use crate::kernels::Threads;
    use crate::local::cpu::quantised::{Blocks, QuantisedMatrix};

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + i * i % 811 + seed * 104_729) % 2003) as f32 / 1000.0 - 1.0)
            .collect()
    }

    /// A row after rounding to 8 bits.
    fn coded(row: &[f32]) -> Vec<f64> {
        let coded = row.chunks(BLOCK).flat_map(|block| {
            let largest = block.iter().fold(0.0f32, |m, x| m.max(x.abs()));
            let code = move |x: &f32| (x * (127.0 / largest)).round_ties_even();
            block
                .iter()
                .map(move |x| f64::from(code(x)) * f64::from(largest / 127.0))
        });
        coded.collect()
    }

    #[test]
    fn products_are_those_of_the_weights_and_depend_on_the_row_alone() {
        let (inner, outputs, rows) = (512, 41, 11);
        let weights = numbers(inner * outputs, 1);
        let x = numbers(inner * rows, 2);
        for (format, dtype) in BlockFormat::ALL.into_iter().zip([
            GgmlDType::Q4_0,
            GgmlDType::Q8_0,
            GgmlDType::Q4K,
            GgmlDType::Q6K,
        ]) {
            let tensor = Tensor::from_slice(&weights, (outputs, inner), &Device::Cpu).unwrap();
            let tensor = QTensor::quantize(&tensor, dtype).unwrap();
            let bytes = tensor.data().unwrap().to_vec();
            let blocks = Blocks::new(format, outputs, inner, bytes).unwrap();
            let floats = tensor.dequantize(&Device::Cpu).unwrap();
            let floats: Vec<f32> = floats.flatten_all().unwrap().to_vec1().unwrap();
            for (got, expected) in blocks.to_floats().iter().zip(&floats) {
                assert!(
                    (got - expected).abs() < 1e-6,
                    "{format:?}: {got} {expected}"
                );
            }
            let matrix = QuantisedMatrix::pack(&[blocks]);
            let mut row = vec![0.0; inner];
            matrix.read_row(33, &mut row);
            for (got, expected) in row.iter().zip(&floats[33 * inner..]) {
                assert!(
                    (got - expected).abs() < 1e-6,
                    "{format:?}: {got} {expected}"
                );
            }
            let mut alone = vec![0.0; rows * outputs];
            for (x, out) in x.chunks(inner).zip(alone.chunks_mut(outputs)) {
                matrix.product(Level::available()[0], x, out, &Threads::default());
            }
            for r in 0..rows {
                let coded = coded(&x[r * inner..(r + 1) * inner]);
                for n in 0..outputs {
                    let weights = &floats[n * inner..(n + 1) * inner];
                    let products = coded.iter().zip(weights).map(|(x, w)| x * f64::from(*w));
                    let expected: f64 = products.sum();
                    let got = f64::from(alone[r * outputs + n]);
                    let error = (got - expected).abs();
                    assert!(error < 2e-4, "{format:?}: {got} {expected}");
                }
            }
            for level in Level::available() {
                for threads in [1, 2] {
                    for count in 1..=rows {
                        let mut out = vec![0.0; count * outputs];
                        let x = &x[..count * inner];
                        matrix.product(level, x, &mut out, &Threads::new(threads));
                        let same = out
                            .iter()
                            .zip(&alone)
                            .all(|(a, b)| a.to_bits() == b.to_bits());
                        assert!(same, "{format:?}, {level:?}, {count} rows");
                    }
                }
            }
        }
    }
}
