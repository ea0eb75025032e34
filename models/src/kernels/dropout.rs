//! Dropout whose masks are a function of a key and a place, not of an order of draws.

use super::lanes::Lanes;
use super::level::{Level, at_level};

/// The masks of one place of a model in one pass: what is dropped, and what the rest is multiplied by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dropout {
    key: u64,
    below: u32,
    factor: f32,
}

/// One step of SplitMix64: all bits of the result depend on all bits of the number.
fn mixed(number: u64) -> u64 {
    let z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dropout {
    /// Masks of `place` under `key` that drop a share of `rate`, below 1.
    pub(crate) fn new(key: u64, place: u32, rate: f32) -> Self {
        Self {
            key: mixed(mixed(key) ^ u64::from(place)),
            below: (f64::from(rate) * f64::from(u32::MAX)) as u32,
            factor: 1.0 / (1.0 - rate),
        }
    }

    /// Multiplies row `row` of sequence `sequence` by its mask.
    pub(crate) fn apply(&self, level: Level, sequence: usize, row: usize, x: &mut [f32]) {
        let [low, high] = self.words(sequence, row);
        // SAFETY: the kernel stays inside the slice.
        unsafe { apply_at(level, self.below, self.factor, low, high, x) };
    }

    fn words(&self, sequence: usize, row: usize) -> [u32; 2] {
        let place = (sequence as u64) << 32 | row as u64;
        let words = mixed(self.key ^ mixed(place));
        [words as u32, (words >> 32) as u32]
    }
}

/// A hash of a column under two words (a finaliser by Chris Wellons, the second word between its steps).
#[inline(always)]
fn hash(low: u32, high: u32, column: u32) -> u32 {
    let x = column.wrapping_mul(0x9e37_79b9).wrapping_add(low);
    let x = (x ^ (x >> 16)).wrapping_mul(0x7feb_352d) ^ high;
    let x = (x ^ (x >> 15)).wrapping_mul(0x846c_a68b);
    x ^ (x >> 16)
}

at_level! {
    unsafe fn apply_at(below: u32, factor: f32, low: u32, high: u32, x: &mut [f32]) = mask
}

/// Plain arithmetic that the compiler turns into vector instructions of the level; integers are exact in all.
#[inline(always)]
unsafe fn mask<L: Lanes>(below: u32, factor: f32, low: u32, high: u32, x: &mut [f32]) {
    for (column, x) in x.iter_mut().enumerate() {
        let kept = hash(low, high, column as u32) >= below;
        *x *= if kept { factor } else { 0.0 };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_is_dropped_is_the_rate_and_places_are_independent() {
        let (rows, width) = (200, 512);
        let mut all = Vec::new();
        for level in Level::available() {
            let mut masks = vec![1.0; rows * width];
            for (row, mask) in masks.chunks_mut(width).enumerate() {
                Dropout::new(7, 3, 0.1).apply(level, row % 10, row / 10, mask);
            }
            all.push(masks);
        }
        assert!(all.iter().all(|masks| *masks == all[0]));
        let dropped = |x: &&f32| **x == 0.0;
        let count = (rows * width) as f64;
        let share = all[0].iter().filter(dropped).count() as f64 / count;
        let deviation = (0.1 * 0.9 / count).sqrt();
        assert!((share - 0.1).abs() < 4.0 * deviation, "{share}");
        let kept = all[0].iter().find(|x| **x > 0.0);
        assert_eq!(kept, Some(&(1.0 / 0.9)));
        // Both of two neighbours, in one row or in one column, are dropped as often as two others are.
        for apart in [1, width, 10 * width] {
            let pairs = all[0].iter().zip(&all[0][apart..]);
            let both = pairs.filter(|(a, b)| **a == 0.0 && **b == 0.0).count() as f64;
            let expected = 0.01 * count;
            assert!(
                (both - expected).abs() < 5.0 * expected.sqrt(),
                "{apart}: {both}"
            );
        }
        let other = |key, place| {
            let mut mask = vec![1.0; width];
            Dropout::new(key, place, 0.1).apply(Level::best(), 0, 0, &mut mask);
            mask
        };
        assert_ne!(other(7, 3), other(7, 4));
        assert_ne!(other(7, 3), other(8, 3));
        assert_eq!(other(7, 3), all[0][..width]);
    }
}
