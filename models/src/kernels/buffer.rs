//! Numbers whose first lies at the start of a cache line.

use std::ops::{Deref, DerefMut};

use super::lanes::LANES;

#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LANES]);

/// Room for numbers, used again and again; what it holds after growing is unspecified, but numbers.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buffer {
    lines: Vec<Line>,
    length: usize,
}

impl Buffer {
    /// Makes room for `length` numbers.
    pub(crate) fn resize(&mut self, length: usize) {
        let lines = length.div_ceil(LANES);
        if self.lines.len() < lines {
            self.lines.resize(lines, Line([0.0; LANES]));
        }
        self.length = length;
    }
}

impl Deref for Buffer {
    type Target = [f32];

    fn deref(&self) -> &[f32] {
        // SAFETY: a line is sixteen floats without gaps, and there are lines for the length.
        unsafe { std::slice::from_raw_parts(self.lines.as_ptr().cast(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as above; the borrow is exclusive.
        unsafe { std::slice::from_raw_parts_mut(self.lines.as_mut_ptr().cast(), self.length) }
    }
}

/// Numbers from one row of a buffer to the next, for rows of `width`: whole lines, and not a multiple of
/// eight of them, which would put many rows into few sets of the cache.
pub(crate) fn stride(width: usize) -> usize {
    let lines = width.div_ceil(LANES);
    LANES
        * if lines.is_multiple_of(8) {
            lines + 1
        } else {
            lines
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_whole_lines_that_spread_over_the_cache() {
        assert_eq!(
            [1, 16, 17, 96, 128, 512].map(stride),
            [16, 16, 32, 96, 144, 528]
        );
        let mut buffer = Buffer::default();
        buffer.resize(20);
        assert_eq!((buffer.len(), buffer.as_ptr() as usize % 64), (20, 0));
        buffer[19] = 1.0;
        buffer.resize(3);
        assert_eq!(buffer.len(), 3);
    }
}
