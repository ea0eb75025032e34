//! Passes over all logits: the maximum, exponentials, their sums.
//!
//! Every pass is the same arithmetic in the same order on every processor, wider registers only
//! take more of it at once: no fused multiplication, fixed lanes, sums of blocks in `f64`.
#![expect(
    unsafe_code,
    reason = "calls of functions compiled for AVX-512 and AVX2, after asking the processor"
)]

/// Values of one block; its sums are added up in `f64`.
pub(super) const BLOCK: usize = 256;
const LANES: usize = 16;

/// A function that is compiled for AVX-512 and AVX2 too and takes the widest that the processor
/// has.
macro_rules! widest {
    ($(#[$doc:meta])* $name:ident = $body:ident($($arg:ident: $kind:ty),*) $(-> $result:ty)?) => {
        $(#[$doc])*
        pub(super) fn $name($($arg: $kind),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f")]
                fn avx512($($arg: $kind),*) $(-> $result)? {
                    $body($($arg),*)
                }
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),*) $(-> $result)? {
                    $body($($arg),*)
                }
                if is_x86_feature_detected!("avx512f") {
                    // SAFETY: the processor has AVX-512.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2.
                    return unsafe { avx2($($arg),*) };
                }
            }
            $body($($arg),*)
        }
    };
}

widest! {
    /// Greatest value of `values`, minus infinity for none, and whether one is not a number.
    maximum = maximum_of(values: &[f32]) -> (f32, bool)
}

widest! {
    /// Greatest value of each `block` values into `maxima`.
    ///
    /// # Shapes
    /// `values`: `[n]`; `maxima` becomes `[ceil(n / block)]`.
    block_maxima = block_maxima_of(values: &[f32], block: usize, maxima: &mut Vec<f32>)
}

widest! {
    /// `exp((value - max) * scale)` of every value into `weights`, with the sums of its blocks.
    ///
    /// # Shapes
    /// `values` and `weights`: `[n]`; `sums` becomes `[ceil(n / BLOCK)]`.
    exponentials = exponentials_of(
        values: &[f32],
        max: f32,
        scale: f32,
        weights: &mut [f32],
        sums: &mut Vec<f64>
    )
}

widest! {
    /// Sum of `exp(value - max)` over all values.
    sum_exp = sum_exp_of(values: &[f32], max: f32) -> f64
}

#[inline(always)]
fn maximum_of(values: &[f32]) -> (f32, bool) {
    let mut max = [f32::NEG_INFINITY; LANES];
    let mut bad = [0_u32; LANES];
    let (chunks, rest) = values.as_chunks::<LANES>();
    for chunk in chunks {
        take(chunk, &mut max, &mut bad);
    }
    let mut last = [f32::NEG_INFINITY; LANES];
    last[..rest.len()].copy_from_slice(rest);
    take(&last, &mut max, &mut bad);
    let greatest = max.into_iter().fold(f32::NEG_INFINITY, f32::max);
    (greatest, bad.iter().any(|flag| *flag != 0))
}

#[inline(always)]
fn block_maxima_of(values: &[f32], block: usize, maxima: &mut Vec<f32>) {
    maxima.clear();
    // A loop rather than a closure, which would not be compiled for wide registers.
    for values in values.chunks(block) {
        maxima.push(maximum_of(values).0);
    }
}

/// Takes one chunk into the lanes of maxima and of flags for what is not a number.
#[inline(always)]
fn take(chunk: &[f32; LANES], max: &mut [f32; LANES], bad: &mut [u32; LANES]) {
    for lane in 0..LANES {
        let value = chunk[lane];
        max[lane] = if value > max[lane] { value } else { max[lane] };
        bad[lane] |= u32::from(value.is_nan());
    }
}

#[inline(always)]
fn exponentials_of(values: &[f32], max: f32, scale: f32, weights: &mut [f32], sums: &mut Vec<f64>) {
    sums.clear();
    for (values, weights) in values.chunks(BLOCK).zip(weights.chunks_mut(BLOCK)) {
        let mut sum = [0.0_f32; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        let (targets, last) = weights.as_chunks_mut::<LANES>();
        for (chunk, target) in chunks.iter().zip(targets) {
            for lane in 0..LANES {
                let weight = exp((chunk[lane] - max) * scale);
                target[lane] = weight;
                sum[lane] += weight;
            }
        }
        for ((value, target), sum) in rest.iter().zip(last).zip(&mut sum) {
            *target = exp((value - max) * scale);
            *sum += *target;
        }
        sums.push(sum.iter().map(|lane| f64::from(*lane)).sum());
    }
}

#[inline(always)]
fn sum_exp_of(values: &[f32], max: f32) -> f64 {
    let mut total = 0.0;
    for values in values.chunks(BLOCK) {
        let mut sum = [0.0_f32; LANES];
        let (chunks, rest) = values.as_chunks::<LANES>();
        for chunk in chunks {
            for lane in 0..LANES {
                sum[lane] += exp(chunk[lane] - max);
            }
        }
        for (value, sum) in rest.iter().zip(&mut sum) {
            *sum += exp(value - max);
        }
        total += sum.iter().map(|lane| f64::from(*lane)).sum::<f64>();
    }
    total
}

/// `e^x` for `x <= 0` to about 1e-7 of its size, 0 below -87.
///
/// Written out, since the platform's own differs between machines and is not vectorised.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    // Adding and taking off 1.5 * 2^23 rounds to a whole number, whose bits stay in the mantissa.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, so that the product with a small whole number is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let clamped = if x > -87.0 { x } else { -87.0 };
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = clamped - n * LN2_HIGH - n * LN2_LOW;
    // Coefficients of expf in the Cephes library, for |r| <= ln 2 / 2.
    let mut p = 1.987_569_1e-4;
    p = p * r + 1.398_199_9e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let y = p * (r * r) + r + 1.0;
    let exponent = (shifted.to_bits().wrapping_sub(ROUND.to_bits())).wrapping_add(127) << 23;
    let value = y * f32::from_bits(exponent);
    if x >= -87.0 { value } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exp_is_exact_to_a_few_units_in_the_last_place() {
        for i in 0..=870_000 {
            let x = -(i as f32) * 1e-4;
            let want = f64::from(x).exp();
            let got = f64::from(exp(x));
            assert!((got - want).abs() <= 2e-7 * want, "{x}: {got} {want}");
        }
        assert_eq!(exp(0.0), 1.0);
        assert_eq!(exp(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp(-1e30), 0.0);
    }

    proptest! {
        #[test]
        fn wide_registers_change_no_bit(
            values in prop::collection::vec(-50.0..20.0_f32, 1..900),
            scale in 0.1..3.0_f32,
        ) {
            let (max, bad) = maximum_of(&values);
            prop_assert!(!bad);
            prop_assert_eq!(maximum(&values), (max, false));
            prop_assert_eq!(sum_exp(&values, max).to_bits(), sum_exp_of(&values, max).to_bits());
            let mut maxima = Vec::new();
            block_maxima(&values, 64, &mut maxima);
            let plain: Vec<f32> = values.chunks(64).map(|block| maximum_of(block).0).collect();
            prop_assert_eq!(maxima, plain);
            let mut weights = [vec![0.0; values.len()], vec![0.0; values.len()]];
            let mut sums = [Vec::new(), Vec::new()];
            exponentials(&values, max, scale, &mut weights[0], &mut sums[0]);
            exponentials_of(&values, max, scale, &mut weights[1], &mut sums[1]);
            prop_assert_eq!(&weights[0], &weights[1]);
            prop_assert_eq!(&sums[0], &sums[1]);
            let plain: f64 = values.iter().map(|v| f64::from((v - max) * scale).exp()).sum();
            let total: f64 = sums[0].iter().sum();
            prop_assert!((total - plain).abs() <= 2e-6 * plain, "{} {}", total, plain);
        }

        #[test]
        fn one_value_that_is_no_number_is_noticed(at in 0..70_usize, n in 70..90_usize) {
            let mut values = vec![0.5_f32; n];
            values[at] = f32::NAN;
            prop_assert_eq!(maximum(&values), (0.5, true));
        }
    }
}
