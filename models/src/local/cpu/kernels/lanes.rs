//! Sixteen floats side by side: the one vector type in which all kernels are written.

/// Lanes of a vector.
pub(in crate::local::cpu) const LANES: usize = 16;

/// Sixteen `f32` lanes, with the integer operations that quantised products need.
///
/// Every implementation gives the same bits for every operation: they are either exact, or one
/// correctly rounded IEEE operation a lane.
///
/// # Safety
/// The functions may be called only inside a function compiled with the instructions of the
/// implementation (see `at_level!`); those that take pointers read or write as many elements as
/// their documentation says, at any alignment.
pub(in crate::local::cpu) trait Lanes: Copy {
    /// Whether the register file holds 24 accumulators of 16 lanes; else it holds 6.
    const WIDE: bool;
    /// Sixteen `i32` lanes.
    type Ints: Copy;
    /// 64 bytes, four for each lane.
    type Bytes: Copy;

    /// Reads 16 floats.
    unsafe fn load(from: *const f32) -> Self;
    /// Writes 16 floats.
    unsafe fn store(self, to: *mut f32);
    /// The same float in each lane.
    unsafe fn splat(value: f32) -> Self;
    /// `self * factor + addend`, rounded once.
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `self + other`.
    unsafe fn add(self, other: Self) -> Self;
    /// `self - other`.
    unsafe fn sub(self, other: Self) -> Self;
    /// `self * other`.
    unsafe fn mul(self, other: Self) -> Self;
    /// `self / other`.
    unsafe fn div(self, other: Self) -> Self;
    /// The larger of both; neither may be NaN for equal bits.
    unsafe fn max(self, other: Self) -> Self;
    /// The smaller of both; neither may be NaN for equal bits.
    unsafe fn min(self, other: Self) -> Self;
    /// `self` where `by >= low`, else 0.
    unsafe fn where_at_least(self, by: Self, low: f32) -> Self;
    /// `2^n`, where `self` is [`ROUNDER`](super::exponential::ROUNDER) plus the whole number `n`.
    unsafe fn power_of_two(self) -> Self;

    /// Zero in each lane.
    unsafe fn zero_ints() -> Self::Ints;
    /// Adds to each lane the dot product of its four unsigned bytes (at most 127 each) with the four signed
    /// bytes of `row`.
    unsafe fn dot_unsigned(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints;
    /// What a sum of signed dot products begins with, given -128 times the sum of all bytes of
    /// the rows that will be added: that, where signed bytes are read as unsigned ones 128
    /// larger, else 0.
    unsafe fn start_signed(shift: i32) -> Self::Ints;
    /// Adds to each lane the dot product of its four signed bytes with the four signed bytes of
    /// `row` (at least -127 each), in a sum begun by [`start_signed`](Self::start_signed).
    unsafe fn dot_signed(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints;
    /// The integers as floats, rounded to nearest even.
    unsafe fn from_ints(ints: Self::Ints) -> Self;
    /// Reads 64 bytes.
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes;
    /// The lower four bits of each byte.
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes;
    /// The upper four bits of each byte, shifted down.
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes;
    /// Reads 16 unsigned bytes as floats.
    unsafe fn load_unsigned(from: *const u8) -> Self;
    /// Reads 16 signed bytes as floats.
    unsafe fn load_signed(from: *const u8) -> Self;

    /// Reads the first `count` floats, at most 16; the other lanes are 0.
    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller vouches for `count` floats.
        unsafe {
            if count >= LANES {
                return Self::load(from);
            }
            let mut buffer = [0.0; LANES];
            std::ptr::copy_nonoverlapping(from, buffer.as_mut_ptr(), count);
            Self::load(buffer.as_ptr())
        }
    }

    /// Writes the first `count` lanes, at most 16.
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        // SAFETY: the caller vouches for room for `count` floats.
        unsafe {
            if count >= LANES {
                self.store(to);
            } else {
                let buffer = self.to_array();
                std::ptr::copy_nonoverlapping(buffer.as_ptr(), to, count);
            }
        }
    }

    /// The lanes as an array.
    #[inline(always)]
    unsafe fn to_array(self) -> [f32; LANES] {
        let mut array = [0.0; LANES];
        // SAFETY: the array has room for 16 floats.
        unsafe { self.store(array.as_mut_ptr()) };
        array
    }

    /// The sum of the lanes as a balanced tree: lanes 8 apart first, neighbours last.
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: as the caller promises.
        let mut lanes = unsafe { self.to_array() };
        let mut half = LANES / 2;
        while half > 0 {
            for i in 0..half {
                lanes[i] += lanes[i + half];
            }
            half /= 2;
        }
        lanes[0]
    }

    /// The largest lane.
    #[inline(always)]
    unsafe fn maximum(self) -> f32 {
        // SAFETY: as the caller promises.
        let lanes = unsafe { self.to_array() };
        lanes.iter().copied().fold(f32::NEG_INFINITY, f32::max)
    }
}
