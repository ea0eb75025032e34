//! Integers in one AVX-512 register.

use std::arch::x86_64::*;

use super::integers::IntegerLanes;
use crate::kernels::Avx512;

// SAFETY of every block below: as for `Lanes`, used only inside functions compiled with AVX-512 F, BW,
// VL, DQ and VNNI; pointers are vouched for by the caller and used by unaligned instructions.
impl IntegerLanes for Avx512 {
    type Ints = __m512i;
    type Bytes = __m512i;

    #[inline(always)]
    unsafe fn zero_ints() -> Self::Ints {
        // SAFETY: see the impl.
        unsafe { _mm512_setzero_si512() }
    }
    #[inline(always)]
    unsafe fn dot_unsigned(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints {
        // SAFETY: see the impl.
        unsafe { _mm512_dpbusd_epi32(acc, weights, _mm512_set1_epi32(row)) }
    }
    #[inline(always)]
    unsafe fn start_signed(shift: i32) -> Self::Ints {
        // SAFETY: see the impl.
        unsafe { _mm512_set1_epi32(shift) }
    }
    #[inline(always)]
    unsafe fn dot_signed(acc: Self::Ints, weights: Self::Bytes, row: i32) -> Self::Ints {
        // SAFETY: see the impl. The weights are read as unsigned and 128 too large, which the
        // sum's beginning undoes.
        unsafe {
            let weights = _mm512_xor_si512(weights, _mm512_set1_epi8(-128));
            _mm512_dpbusd_epi32(acc, weights, _mm512_set1_epi32(row))
        }
    }
    #[inline(always)]
    unsafe fn from_ints(ints: Self::Ints) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_cvtepi32_ps(ints) })
    }
    #[inline(always)]
    unsafe fn load_bytes(from: *const u8) -> Self::Bytes {
        // SAFETY: see the impl.
        unsafe { _mm512_loadu_si512(from.cast()) }
    }
    #[inline(always)]
    unsafe fn low_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        // SAFETY: see the impl.
        unsafe { _mm512_and_si512(bytes, _mm512_set1_epi8(15)) }
    }
    #[inline(always)]
    unsafe fn high_nibbles(bytes: Self::Bytes) -> Self::Bytes {
        // SAFETY: see the impl.
        unsafe { _mm512_and_si512(_mm512_srli_epi16::<4>(bytes), _mm512_set1_epi8(15)) }
    }
    #[inline(always)]
    unsafe fn load_unsigned(from: *const u8) -> Self {
        // SAFETY: see the impl.
        unsafe {
            let bytes = _mm_loadu_si128(from.cast());
            Self(_mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(bytes)))
        }
    }
    #[inline(always)]
    unsafe fn load_signed(from: *const u8) -> Self {
        // SAFETY: see the impl.
        unsafe {
            let bytes = _mm_loadu_si128(from.cast());
            Self(_mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes)))
        }
    }
}
