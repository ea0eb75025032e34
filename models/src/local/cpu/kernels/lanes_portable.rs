//! Lanes as plain arrays: the reference for the vector instructions, and the path of processors
//! without them.

use super::lanes::{LANES, Lanes};

/// Sixteen floats in an array.
#[derive(Clone, Copy)]
pub(in crate::local::cpu) struct Portable([f32; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, f: impl Fn(f32, f32) -> f32) -> Self {
        Self(std::array::from_fn(|i| f(self.0[i], other.0[i])))
    }
}

#[inline(always)]
fn dot(acc: [i32; LANES], row: i32, weight: impl Fn(usize) -> i32) -> [i32; LANES] {
    let row = row.to_le_bytes();
    std::array::from_fn(|i| {
        let part = |j: usize| weight(4 * i + j) * i32::from(row[j] as i8);
        acc[i] + part(0) + part(1) + part(2) + part(3)
    })
}

impl Lanes for Portable {
    const WIDE: bool = false;
    type Ints = [i32; LANES];
    type Bytes = [u8; 4 * LANES];

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for 16 floats; arrays are read unaligned.
        Self(unsafe { from.cast::<[f32; LANES]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: the caller vouches for room for 16 floats.
        unsafe { to.cast::<[f32; LANES]>().write_unaligned(self.0) };
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; LANES])
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(std::array::from_fn(|i| {
            self.0[i].mul_add(factor.0[i], addend.0[i])
        }))
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        self.zip(other, |a, b| a / b)
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        self.zip(other, |a, b| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        self.zip(other, |a, b| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn where_at_least(self, by: Self, low: f32) -> Self {
        self.zip(by, |a, b| if b >= low { a } else { 0.0 })
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        Self(
            self.0
                .map(|v| f32::from_bits((v.to_bits() << 23).wrapping_add(127 << 23))),
        )
    }

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
