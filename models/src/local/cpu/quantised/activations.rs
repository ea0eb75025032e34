//! Rows quantised to 8 bits.

/// Weights of a block of activations.
pub(super) const BLOCK: usize = 32;

/// Rows in tiles; everything lies row beside row within a tile, as the kernel reads it.
#[derive(Debug, Default)]
pub(super) struct Activations {
    /// Four codes in each, `[tile][inner / 4][rows of the tile]`.
    pub(super) codes: Vec<i32>,
    /// `[tile][inner / 32][rows of the tile]`.
    pub(super) scales: Vec<f32>,
    /// Sums of a block's quantised values, likewise.
    pub(super) sums: Vec<f32>,
    /// -128 times the sum of each 16 codes, `[tile][inner / 16][rows of the tile]`.
    pub(super) shifts: Vec<i32>,
}

impl Activations {
    /// Quantises rows: in each block of 32, `scale = max|x| / 127`, codes rounded to nearest even.
    pub(super) fn quantise(x: &[f32], inner: usize, tile_rows: usize) -> Self {
        let mut all = Self {
            codes: vec![0; x.len() / 4],
            scales: vec![0.0; x.len() / BLOCK],
            sums: vec![0.0; x.len() / BLOCK],
            shifts: vec![0; x.len() / 16],
        };
        for (tile, rows) in x.chunks(tile_rows * inner).enumerate() {
            let first = tile * tile_rows * inner;
            let count = rows.len() / inner;
            for (r, row) in rows.chunks_exact(inner).enumerate() {
                for (b, block) in row.chunks_exact(BLOCK).enumerate() {
                    all.block(block, first, b, r, count);
                }
            }
        }
        all
    }

    /// Quantises block `b` of row `r` in the tile of `rows` rows whose values begin at `first`.
    fn block(&mut self, block: &[f32], first: usize, b: usize, r: usize, rows: usize) {
        // 1.5 · 2^23: adding it rounds to a whole number, which then stands in the low bits.
        const ROUNDER: f32 = 12_582_912.0;
        let largest = block.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        let scale = largest / 127.0;
        let inverse = if scale > 0.0 { 127.0 / largest } else { 0.0 };
        let mut codes = [0i8; BLOCK];
        for (code, x) in codes.iter_mut().zip(block) {
            let shifted = (x * inverse).clamp(-127.0, 127.0) + ROUNDER;
            *code = (shifted.to_bits() as i32).wrapping_sub(ROUNDER.to_bits() as i32) as i8;
        }
        let mut sum = 0;
        for (half, codes) in codes.chunks_exact(16).enumerate() {
            let part: i32 = codes.iter().map(|c| i32::from(*c)).sum();
            self.shifts[first / 16 + (2 * b + half) * rows + r] = -128 * part;
            sum += part;
        }
        for (i, four) in codes.chunks_exact(4).enumerate() {
            let four = i32::from_le_bytes([four[0], four[1], four[2], four[3]].map(|c| c as u8));
            self.codes[first / 4 + (b * BLOCK / 4 + i) * rows + r] = four;
        }
        self.scales[first / BLOCK + b * rows + r] = scale;
        self.sums[first / BLOCK + b * rows + r] = scale * sum as f32;
    }
}
