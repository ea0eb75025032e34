//! The integer operations of lanes, which quantised products need.

use crate::kernels::{LANES, Lanes, Portable};

/// Sixteen lanes that also hold integers and bytes.
///
/// # Safety
/// As for [`Lanes`].
pub(in crate::local::cpu) trait IntegerLanes: Lanes {
    /// Sixteen `i32` lanes.
    type Ints: Copy;
    /// 64 bytes, four for each lane.
    type Bytes: Copy;

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
}

#[inline(always)]
fn dot(acc: [i32; LANES], row: i32, weight: impl Fn(usize) -> i32) -> [i32; LANES] {
    let row = row.to_le_bytes();
    std::array::from_fn(|i| {
        let part = |j: usize| weight(4 * i + j) * i32::from(row[j] as i8);
        acc[i] + part(0) + part(1) + part(2) + part(3)
    })
}

impl IntegerLanes for Portable {
    type Ints = [i32; LANES];
    type Bytes = [u8; 4 * LANES];

    #[inline(always)]
    unsafe fn zero_ints() -> Self::Ints {
        [0; LANES]
    }
    #[inline(always)]
    unsafe fn dot_unsigned(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints {
        dot(acc, row, |i| i32::from(weights[i]))
    }
    #[inline(always)]
    unsafe fn start_signed(shift: i32) -> Self::Ints {
        // The bytes are multiplied as signed ones.
        let _ = shift;
        [0; LANES]
    }
    #[inline(always)]
    unsafe fn dot_signed(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints {
        dot(acc, row, |i| i32::from(weights[i] as i8))
    }
    #[inline(always)]
    unsafe fn from_ints(ints: Self::Ints) -> Self {
        Self(ints.map(|v| v as f32))
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        // SAFETY: the caller vouches for 64 bytes.
        unsafe { from.cast::<[u8; 4 * LANES]>().read_unaligned() }
    }
    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        bytes.map(|b| b & 15)
    }
    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        bytes.map(|b| b >> 4)
    }
    #[inline(always)]
    unsafe fn load_unsigned(from: *const u8) -> Self {
        // SAFETY: the caller vouches for 16 bytes.
        let bytes = unsafe { from.cast::<[u8; LANES]>().read_unaligned() };
        Self(bytes.map(f32::from))
    }
    #[inline(always)]
    unsafe fn load_signed(from: *const u8) -> Self {
        // SAFETY: the caller vouches for 16 bytes.
        let bytes = unsafe { from.cast::<[i8; LANES]>().read_unaligned() };
        Self(bytes.map(f32::from))
    }
}
