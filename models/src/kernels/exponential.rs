//! The exponential function and what is made of it, lane by lane.
//!
//! A polynomial of degree 6 after splitting off a power of two (Cephes, `expf`); the relative
//! error is below 2e-7. Every level computes the same operations, so the same bits.

use super::lanes::Lanes;

/// `1.5 * 2^23`: adding it to a float of moderate size rounds that to a whole number.
pub(crate) const ROUNDER: f32 = 12_582_912.0;
/// Below this the result is 0, so that masked scores weigh nothing.
const LOWEST: f32 = -87.0;
const HIGHEST: f32 = 88.0;
/// The part of `ln 2` with few digits, so that its multiples are exact.
const LN_2_HIGH: f32 = 0.693_359_4;
const LN_2_LOW: f32 = -2.121_944_4e-4;
const COEFFICIENTS: [f32; 6] = [
    1.987_569_1e-4,
    1.398_199_9e-3,
    8.333_452e-3,
    4.166_579_6e-2,
    1.666_666_5e-1,
    0.5,
];

/// `e^x`; 0 below -87 and `e^88` above 88.
///
/// # Safety
/// As for [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn exp<L: Lanes>(x: L) -> L {
    // SAFETY: as the caller promises.
    unsafe {
        let bounded = x.max(L::splat(LOWEST)).min(L::splat(HIGHEST));
        let shifted = bounded.mul_add(L::splat(std::f32::consts::LOG2_E), L::splat(ROUNDER));
        let whole = shifted.sub(L::splat(ROUNDER));
        let rest = whole.mul_add(L::splat(-LN_2_HIGH), bounded);
        let rest = whole.mul_add(L::splat(-LN_2_LOW), rest);
        let mut sum = L::splat(COEFFICIENTS[0]);
        for coefficient in &COEFFICIENTS[1..] {
            sum = sum.mul_add(rest, L::splat(*coefficient));
        }
        let fraction = sum.mul_add(rest.mul(rest), rest).add(L::splat(1.0));
        fraction
            .mul(shifted.power_of_two())
            .where_at_least(x, LOWEST)
    }
}

/// The hyperbolic tangent, `1 - 2 / (e^{2x} + 1)`; the absolute error is below 2e-7.
///
/// # Safety
/// As for [`Lanes`].
#[inline(always)]
pub(crate) unsafe fn tanh<L: Lanes>(x: L) -> L {
    // SAFETY: as the caller promises.
    unsafe {
        let one = L::splat(1.0);
        let power = exp(x.add(x));
        one.sub(L::splat(2.0).div(power.add(one)))
    }
}
