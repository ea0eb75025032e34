//! Integers in two AVX registers.

use std::arch::x86_64::*;

use super::integers::IntegerLanes;
use crate::kernels::Avx2;

/// Adds to eight lanes the dot products of unsigned bytes with signed ones; the sum of two products fits in 16 bits.
#[inline(always)]
unsafe fn dot_eight(acc: __m256i, unsigned: __m256i, signed: __m256i) -> __m256i {
    // SAFETY: used inside functions compiled with AVX2 only.
    unsafe {
        let pairs = _mm256_maddubs_epi16(unsigned, signed);
        _mm256_add_epi32(acc, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
    }
}

// SAFETY of every block below: as for `Lanes`, used only inside functions compiled with AVX2 and FMA;
// pointers are vouched for by the caller and used by unaligned instructions.
impl IntegerLanes for Avx2 {
    type Ints = [__m256i; 2];
    type Bytes = [__m256i; 2];

    #[inline(always)]
    unsafe fn zero_ints() -> Self::Ints {
        // SAFETY: see the impl.
        unsafe { [_mm256_setzero_si256(); 2] }
    }
    #[inline(always)]
    unsafe fn dot_unsigned(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints {
        // SAFETY: see the impl.
        unsafe {
            let row = _mm256_set1_epi32(row);
            [
                dot_eight(acc[0], weights[0], row),
                dot_eight(acc[1], weights[1], row),
            ]
        }
    }
    #[inline(always)]
    unsafe fn start_signed(shift: i32) -> Self::Ints {
        // The bytes are multiplied as signed ones.
        let _ = shift;
        // SAFETY: see the impl.
        unsafe { Self::zero_ints() }
    }
    #[inline(always)]
    unsafe fn dot_signed(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints {
        // SAFETY: see the impl. |w| · (x with the sign of w) = w · x, byte by byte.
        unsafe {
            let row = _mm256_set1_epi32(row);
            let [low, high] = weights;
            [
                dot_eight(acc[0], _mm256_abs_epi8(low), _mm256_sign_epi8(row, low)),
                dot_eight(acc[1], _mm256_abs_epi8(high), _mm256_sign_epi8(row, high)),
            ]
        }
    }
    #[inline(always)]
    unsafe fn from_ints(ints: Self::Ints) -> Self {
        // SAFETY: see the impl.
        unsafe { Self(_mm256_cvtepi32_ps(ints[0]), _mm256_cvtepi32_ps(ints[1])) }
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        // SAFETY: see the impl.
        unsafe {
            [
                _mm256_loadu_si256(from.cast()),
                _mm256_loadu_si256(from.add(32).cast()),
            ]
        }
    }
    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        // SAFETY: see the impl.
        unsafe {
            let mask = _mm256_set1_epi8(15);
            [
                _mm256_and_si256(bytes[0], mask),
                _mm256_and_si256(bytes[1], mask),
            ]
        }
    }
    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        // SAFETY: see the impl.
        unsafe {
            let mask = _mm256_set1_epi8(15);
            [
                _mm256_and_si256(_mm256_srli_epi16::<4>(bytes[0]), mask),
                _mm256_and_si256(_mm256_srli_epi16::<4>(bytes[1]), mask),
            ]
        }
    }
    #[inline(always)]
    unsafe fn load_unsigned(from: *const u8) -> Self {
        // SAFETY: see the impl.
        unsafe {
            let bytes = _mm_loadu_si128(from.cast());
            let upper = _mm_unpackhi_epi64(bytes, bytes);
            Self::from_ints([_mm256_cvtepu8_epi32(bytes), _mm256_cvtepu8_epi32(upper)])
        }
    }
    #[inline(always)]
    unsafe fn load_signed(from: *const u8) -> Self {
        // SAFETY: see the impl.
        unsafe {
            let bytes = _mm_loadu_si128(from.cast());
            let upper = _mm_unpackhi_epi64(bytes, bytes);
            Self::from_ints([_mm256_cvtepi8_epi32(bytes), _mm256_cvtepi8_epi32(upper)])
        }
    }
}
