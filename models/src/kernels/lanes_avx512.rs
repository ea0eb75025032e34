//! Lanes in one AVX-512 register.

use std::arch::x86_64::*;

use super::lanes::{LANES, Lanes};

/// Sixteen floats in one register.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(pub(crate) __m512);

// SAFETY of every block below: `Lanes` is used only inside functions compiled with AVX-512 F, BW,
// VL, DQ and VNNI; pointers are vouched for by the caller and used by unaligned instructions.
impl Lanes for Avx512 {
    const WIDE: bool = true;

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_loadu_ps(from) })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: see the impl.
        unsafe { _mm512_storeu_ps(to, self.0) };
    }
    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_set1_ps(value) })
    }
    #[inline(always)]
    unsafe fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_fmadd_ps(self.0, factor.0, addend.0) })
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_add_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_sub_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_mul_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_div_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_max_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        // SAFETY: see the impl.
        Self(unsafe { _mm512_min_ps(self.0, other.0) })
    }
    #[inline(always)]
    unsafe fn where_at_least(self, by: Self, low: f32) -> Self {
        // SAFETY: see the impl.
        unsafe {
            let mask = _mm512_cmp_ps_mask::<_CMP_GE_OQ>(by.0, _mm512_set1_ps(low));
            Self(_mm512_maskz_mov_ps(mask, self.0))
        }
    }
    #[inline(always)]
    unsafe fn power_of_two(self) -> Self {
        // SAFETY: see the impl.
        unsafe {
            let shifted = _mm512_slli_epi32::<23>(_mm512_castps_si512(self.0));
            let bits = _mm512_add_epi32(shifted, _mm512_set1_epi32(127 << 23));
            Self(_mm512_castsi512_ps(bits))
        }
    }

    #[inline(always)]
    unsafe fn load_part(from: *const f32, count: usize) -> Self {
        // SAFETY: see the impl; lanes that are masked are not read.
        unsafe {
            if count >= LANES {
                return Self::load(from);
            }
            Self(_mm512_maskz_loadu_ps((1 << count) - 1, from))
        }
    }
    #[inline(always)]
    unsafe fn store_part(self, to: *mut f32, count: usize) {
        // SAFETY: see the impl; lanes that are masked are not written.
        unsafe {
            if count >= LANES {
                self.store(to);
            } else {
                _mm512_mask_storeu_ps(to, (1 << count) - 1, self.0);
            }
        }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: see the impl. The same tree as elsewhere: lanes 8 apart, then 4, 2 and 1.
        unsafe {
            let high = _mm512_extractf32x8_ps::<1>(self.0);
            let eight = _mm256_add_ps(_mm512_castps512_ps256(self.0), high);
            let high = _mm256_extractf128_ps::<1>(eight);
            let four = _mm_add_ps(_mm256_castps256_ps128(eight), high);
            let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
            _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
        }
    }
    #[inline(always)]
    unsafe fn maximum(self) -> f32 {
        // SAFETY: see the impl.
        unsafe { _mm512_reduce_max_ps(self.0) }
    }
    #[inline(always)]
    unsafe fn transposed(block: [Self; LANES]) -> [Self; LANES] {
        // SAFETY: see the impl. Pairs, then quadruples of rows are interleaved within quarters; then quarters
        // change places.
        unsafe {
            let r = block.map(|row| row.0);
            let mut pairs = r;
            for i in 0..8 {
                pairs[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
                pairs[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
            }
            let mut fours = pairs;
            for i in 0..4 {
                for j in 0..2 {
                    let (a, b) = (pairs[4 * i + j], pairs[4 * i + j + 2]);
                    let (a, b) = (_mm512_castps_pd(a), _mm512_castps_pd(b));
                    fours[4 * i + 2 * j] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, b));
                    fours[4 * i + 2 * j + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, b));
                }
            }
            let mut columns = block;
            for j in 0..4 {
                let [a, b, c, d] = [fours[j], fours[4 + j], fours[8 + j], fours[12 + j]];
                let even = _mm512_shuffle_f32x4::<0x88>(a, b);
                let more_even = _mm512_shuffle_f32x4::<0x88>(c, d);
                let odd = _mm512_shuffle_f32x4::<0xdd>(a, b);
                let more_odd = _mm512_shuffle_f32x4::<0xdd>(c, d);
                columns[j] = Self(_mm512_shuffle_f32x4::<0x88>(even, more_even));
                columns[8 + j] = Self(_mm512_shuffle_f32x4::<0xdd>(even, more_even));
                columns[4 + j] = Self(_mm512_shuffle_f32x4::<0x88>(odd, more_odd));
                columns[12 + j] = Self(_mm512_shuffle_f32x4::<0xdd>(odd, more_odd));
            }
            columns
        }
    }
}
