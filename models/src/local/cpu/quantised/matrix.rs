//! Quantised matrices packed for products with any number of rows.

use super::activations::Activations;
use super::blocks::{Block, Blocks};
use super::format::BlockFormat;
use super::tile::{Layout, Panel, compute_panel, tile_rows};
use crate::kernels::{LANES, Level, Target, Threads};

/// Panels of one piece of work.
const STRIP_PANELS: usize = 8;

/// A quantised weight matrix in panels of 16 outputs, for products `x · Wᵀ`.
///
/// # Shapes
/// Logically `[outputs, inner]`; stored as `[outputs / 16][inner / block]` groups, each of which holds
/// the block of 16 outputs: their scales, then four codes of each output side by side.
///
/// # Determinism
/// As for [`PackedMatrix`](crate::local::cpu::PackedMatrix): bits depend on the row and the weights alone.
#[derive(Debug, Clone)]
pub struct QuantisedMatrix {
    format: BlockFormat,
    outputs: usize,
    inner: usize,
    bytes: Vec<u8>,
}

impl QuantisedMatrix {
    /// Packs matrices of equal format and width on top of each other.
    ///
    /// # Panics
    /// When there is none, or formats or widths differ.
    pub fn pack(parts: &[Blocks]) -> Self {
        let format = parts[0].format();
        let inner = parts[0].shape()[1];
        let outputs = parts.iter().map(|part| part.shape()[0]).sum::<usize>();
        let layout = Layout::of(format);
        let groups = inner / format.block_weights();
        let panel_bytes = groups * layout.group_bytes;
        let mut bytes = vec![0; outputs.div_ceil(LANES) * panel_bytes];
        let mut output = 0;
        for part in parts {
            assert_eq!(part.format(), format, "the format of a part");
            assert_eq!(part.shape()[1], inner, "the width of a part");
            for row in 0..part.shape()[0] {
                let panel = &mut bytes[output / LANES * panel_bytes..][..panel_bytes];
                for (block, group) in part
                    .row(row)
                    .zip(panel.chunks_exact_mut(layout.group_bytes))
                {
                    put(&layout, &block, output % LANES, group);
                }
                output += 1;
            }
        }
        Self {
            format,
            outputs,
            inner,
            bytes,
        }
    }

    /// Number of outputs.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// Inner dimension.
    pub fn inner(&self) -> usize {
        self.inner
    }

    /// The format.
    pub fn format(&self) -> BlockFormat {
        self.format
    }

    /// Memory of the packed weights.
    pub fn bytes(&self) -> u64 {
        self.bytes.len() as u64
    }

    /// Writes the weights of one output as floats.
    ///
    /// # Panics
    /// When `output` is out of range or `row` is not as long as the inner dimension.
    pub fn read_row(&self, output: usize, row: &mut [f32]) {
        assert!(output < self.outputs, "no output {output}");
        assert_eq!(row.len(), self.inner, "the row's width");
        let layout = Layout::of(self.format);
        let weights = self.format.block_weights();
        let panel_bytes = self.inner / weights * layout.group_bytes;
        let panel = &self.bytes[output / LANES * panel_bytes..][..panel_bytes];
        let groups = panel.chunks_exact(layout.group_bytes);
        for (group, row) in groups.zip(row.chunks_exact_mut(weights)) {
            get(&layout, group, output % LANES, row);
        }
    }

    /// The product of rows with the matrix.
    ///
    /// # Shapes
    /// `x`: `[rows, inner]`; `out`: `[rows, outputs]`, overwritten.
    ///
    /// # Panics
    /// When the lengths do not fit.
    pub fn product(&self, level: Level, x: &[f32], out: &mut [f32], threads: &Threads) {
        self.product_into(level, x, Target::whole(out, self.outputs), threads);
    }

    /// The product as part of wider rows.
    pub(in crate::local::cpu) fn product_into(
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
        let tile_rows = tile_rows(level);
        let activations = Activations::quantise(x, self.inner, tile_rows);
        let groups = self.inner / self.format.block_weights();
        let panel_bytes = groups * Layout::of(self.format).group_bytes;
        let panels = self.outputs.div_ceil(LANES);
        let strip = STRIP_PANELS.min(panels.div_ceil(4 * threads.count()));
        let stride = target.stride;
        target.for_each_strip(self.outputs, strip, threads, |first, panels, out| {
            for panel in first..first + panels {
                let work = Panel {
                    format: self.format,
                    weights: &self.bytes[panel * panel_bytes..(panel + 1) * panel_bytes],
                    activations: &activations,
                    inner: self.inner,
                    rows,
                    tile_rows,
                    columns: LANES.min(self.outputs - panel * LANES),
                    out: out.wrapping_add((panel - first) * LANES),
                    stride,
                };
                compute_panel(level, &work);
            }
        });
    }
}

/// Where the code of a lane at `k` lies: its byte, and whether in the upper half of that.
fn place(layout: &Layout, k: usize, lane: usize) -> (usize, bool) {
    if !layout.nibbles {
        return (layout.codes + k / 4 * 64 + lane * 4 + k % 4, false);
    }
    // 32 codes fill four rows of 64 bytes: the first 16 in the lower halves, the others in the upper.
    let (block, within) = (k / 32, k % 32);
    let line = block * 4 + within % 16 / 4;
    (layout.codes + line * 64 + lane * 4 + k % 4, within >= 16)
}

/// Puts a block of output `lane` into its group.
fn put(layout: &Layout, block: &Block, lane: usize, group: &mut [u8]) {
    group[lane * 4..lane * 4 + 4].copy_from_slice(&block.d.to_le_bytes());
    if let Some(at) = layout.minimum {
        group[at + lane * 4..at + lane * 4 + 4].copy_from_slice(&block.minimum.to_le_bytes());
    }
    if let Some(at) = layout.scales {
        for (j, scale) in block.scales.iter().take(layout.scale_count).enumerate() {
            group[at + j * LANES + lane] = *scale as u8;
        }
    }
    if let Some(at) = layout.minima {
        for (j, minimum) in block.minima.iter().enumerate() {
            group[at + j * LANES + lane] = *minimum;
        }
    }
    for k in 0..layout.weights {
        let (at, upper) = place(layout, k, lane);
        group[at] |= block.codes[k] << if upper { 4 } else { 0 };
    }
}

/// Reads the weights of output `lane` from a group.
fn get(layout: &Layout, group: &[u8], lane: usize, row: &mut [f32]) {
    let float = |at: usize| {
        let at = at + lane * 4;
        f32::from_le_bytes([group[at], group[at + 1], group[at + 2], group[at + 3]])
    };
    let d = float(0);
    let share = layout.weights / layout.scale_count;
    for (k, weight) in row.iter_mut().enumerate() {
        let (at, upper) = place(layout, k, lane);
        let scale = layout.scales.map_or(1.0, |at| {
            f32::from(group[at + k / share * LANES + lane] as i8)
        });
        let code = if layout.nibbles {
            f32::from(group[at] >> if upper { 4 } else { 0 } & 15)
        } else {
            f32::from(group[at] as i8)
        };
        let minimum = match (layout.minimum, layout.minima) {
            (Some(minimum), Some(at)) => {
                float(minimum) * f32::from(group[at + k / 32 * LANES + lane])
            }
            _ if layout.nibbles => 8.0 * d,
            _ => 0.0,
        };
        *weight = d * scale * code - minimum;
    }
}
