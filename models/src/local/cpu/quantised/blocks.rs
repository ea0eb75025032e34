//! Quantised matrices as they lie in files.
//!
//! # Source
//! The structures `block_q4_0`, `block_q8_0`, `block_q4_K` and `block_q6_K` of ggml.

use super::format::BlockFormat;

/// A row-major matrix whose rows are whole blocks.
#[derive(Debug, Clone)]
pub struct Blocks {
    format: BlockFormat,
    rows: usize,
    inner: usize,
    bytes: Vec<u8>,
}

/// Why bytes are no matrix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlockError {
    /// Rows do not consist of whole blocks.
    #[error("{}: expected rows of a multiple of {} weights, got {inner}", format.name(), format.block_weights())]
    Width {
        /// The format.
        format: BlockFormat,
        /// Width of the rows.
        inner: usize,
    },
    /// There are too few or too many bytes.
    #[error("{}: expected {expected} bytes, got {got}", format.name())]
    Length {
        /// The format.
        format: BlockFormat,
        /// By the shape.
        expected: usize,
        /// What there is.
        got: usize,
    },
}

/// One block in full: codes, and the factors of each part.
pub(super) struct Block {
    /// The factor of all scales.
    pub(super) d: f32,
    /// The factor of all minima.
    pub(super) minimum: f32,
    /// A scale for each 32 codes, or each 16 in Q6_K; 1 where `d` alone scales.
    pub(super) scales: [i8; 16],
    /// A minimum for each 32 codes.
    pub(super) minima: [u8; 8],
    /// 4-bit formats: 0 to 15; else signed bytes.
    pub(super) codes: [u8; 256],
}

impl Blocks {
    /// Bytes as a matrix of `rows` times `inner` weights.
    ///
    /// # Errors
    /// [`BlockError`] when the sizes do not fit.
    pub fn new(
        format: BlockFormat,
        rows: usize,
        inner: usize,
        bytes: Vec<u8>,
    ) -> Result<Self, BlockError> {
        if inner == 0 || !inner.is_multiple_of(format.block_weights()) {
            return Err(BlockError::Width { format, inner });
        }
        let expected = (inner / format.block_weights() * format.block_bytes()).saturating_mul(rows);
        if bytes.len() != expected {
            let got = bytes.len();
            return Err(BlockError::Length {
                format,
                expected,
                got,
            });
        }
        Ok(Self {
            format,
            rows,
            inner,
            bytes,
        })
    }

    /// The format.
    pub fn format(&self) -> BlockFormat {
        self.format
    }

    /// Rows and their width.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows, self.inner]
    }

    /// The weights as floats, row by row.
    pub fn to_floats(&self) -> Vec<f32> {
        let mut floats = Vec::with_capacity(self.rows * self.inner);
        for bytes in self.bytes.chunks_exact(self.format.block_bytes()) {
            let block = Block::read(self.format, bytes);
            floats.extend((0..self.format.block_weights()).map(|k| block.weight(self.format, k)));
        }
        floats
    }

    /// The matrix of these rows, in this order.
    pub(in crate::local::cpu) fn with_rows(&self, rows: &[usize]) -> Self {
        let width = self.inner / self.format.block_weights() * self.format.block_bytes();
        let bytes = rows
            .iter()
            .flat_map(|row| &self.bytes[row * width..(row + 1) * width]);
        Self {
            rows: rows.len(),
            bytes: bytes.copied().collect(),
            ..*self
        }
    }

    /// The blocks of a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = Block> + '_ {
        let width = self.inner / self.format.block_weights() * self.format.block_bytes();
        self.bytes[row * width..(row + 1) * width]
            .chunks_exact(self.format.block_bytes())
            .map(|bytes| Block::read(self.format, bytes))
    }
}

impl Block {
    /// Reads a block's bytes.
    fn read(format: BlockFormat, bytes: &[u8]) -> Self {
        let mut block = Self {
            d: 0.0,
            minimum: 0.0,
            scales: [1; 16],
            minima: [0; 8],
            codes: [0; 256],
        };
        match format {
            BlockFormat::Q4_0 => {
                block.d = half(bytes, 0);
                for (i, byte) in bytes[2..18].iter().enumerate() {
                    block.codes[i] = byte & 15;
                    block.codes[i + 16] = byte >> 4;
                }
            }
            BlockFormat::Q8_0 => {
                block.d = half(bytes, 0);
                block.codes[..32].copy_from_slice(&bytes[2..34]);
            }
            BlockFormat::Q4K => block.read_q4k(bytes),
            BlockFormat::Q6K => block.read_q6k(bytes),
        }
        block
    }

    fn read_q4k(&mut self, bytes: &[u8]) {
        self.d = half(bytes, 0);
        self.minimum = half(bytes, 2);
        let packed = &bytes[4..16];
        for j in 0..4 {
            self.scales[j] = (packed[j] & 63) as i8;
            self.minima[j] = packed[j + 4] & 63;
            self.scales[j + 4] = ((packed[j + 8] & 15) | (packed[j] >> 6 << 4)) as i8;
            self.minima[j + 4] = (packed[j + 8] >> 4) | (packed[j + 4] >> 6 << 4);
        }
        for (i, byte) in bytes[16..144].iter().enumerate() {
            let at = i / 32 * 64 + i % 32;
            self.codes[at] = byte & 15;
            self.codes[at + 32] = byte >> 4;
        }
    }

    fn read_q6k(&mut self, bytes: &[u8]) {
        self.d = half(bytes, 208);
        for (scale, byte) in self.scales.iter_mut().zip(&bytes[192..208]) {
            *scale = *byte as i8;
        }
        for part in 0..2 {
            let low = &bytes[part * 64..];
            let high = &bytes[128 + part * 32..];
            for l in 0..32 {
                let fours = [low[l] & 15, low[l + 32] & 15, low[l] >> 4, low[l + 32] >> 4];
                for (quarter, four) in fours.into_iter().enumerate() {
                    let code = four | (high[l] >> (2 * quarter) & 3) << 4;
                    self.codes[part * 128 + quarter * 32 + l] = code.wrapping_sub(32);
                }
            }
        }
    }

    /// The weight at `k`.
    fn weight(&self, format: BlockFormat, k: usize) -> f32 {
        let code = self.codes[k];
        let signed = f32::from(code as i8);
        match format {
            BlockFormat::Q4_0 => self.d * (signed - 8.0),
            BlockFormat::Q8_0 => self.d * signed,
            BlockFormat::Q4K => {
                let scale = self.d * f32::from(self.scales[k / 32]);
                scale * signed - self.minimum * f32::from(self.minima[k / 32])
            }
            BlockFormat::Q6K => self.d * f32::from(self.scales[k / 16]) * signed,
        }
    }
}

/// A half-precision float at a byte.
fn half(bytes: &[u8], at: usize) -> f32 {
    let bits = u16::from_le_bytes([bytes[at], bytes[at + 1]]);
    let (exponent, fraction) = (bits >> 10 & 31, f32::from(bits & 1023));
    let size = match exponent {
        0 => fraction / (1 << 24) as f32,
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => {
            let power = f32::from_bits((u32::from(exponent) + 127 - 15) << 23);
            (1.0 + fraction / 1024.0) * power
        }
    };
    if bits >> 15 == 1 { -size } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_read() {
        for (bits, expected) in [
            (0x3c00u16, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x0001, 5.960_464_5e-8),
            (0x7bff, 65504.0),
        ] {
            assert_eq!(half(&bits.to_le_bytes(), 0), expected);
        }
    }

    #[test]
    fn sizes_are_checked() {
        let format = BlockFormat::Q8_0;
        let width = Blocks::new(format, 1, 33, Vec::new()).err();
        assert_eq!(width, Some(BlockError::Width { format, inner: 33 }));
        let length = Blocks::new(format, 2, 32, vec![0; 67]).err();
        let expected = 68;
        let got = 67;
        assert_eq!(
            length,
            Some(BlockError::Length {
                format,
                expected,
                got
            })
        );
        // The product of these is 0 in 64 bits.
        assert!(Blocks::new(format, 1 << 59, 32 << 5, Vec::new()).is_err());
    }
}
