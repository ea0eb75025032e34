//! Arithmetic on single rows that the compiler turns into vector instructions.
//!
//! Each function is compiled for AVX2 and for the plain target and chosen at run time. Both do the
//! same operations in the same order (no fused multiply-add), so both give the same bits.
#![cfg_attr(
    target_arch = "x86_64",
    expect(
        unsafe_code,
        reason = "functions compiled for AVX2 are called after asking the processor"
    )
)]

/// Sums run in this many lanes, which are added at the end.
const LANES: usize = 16;

/// Defines a function twice, for AVX2 and for the plain target; `NAME_plain` is the latter.
macro_rules! vectorised {
    ($($(#[$doc:meta])* fn $name:ident / $plain:ident($($arg:ident: $kind:ty),*) $(-> $result:ty)? $body:block)*) => {$(
        #[inline(always)]
        fn $plain($($arg: $kind),*) $(-> $result)? $body

        $(#[$doc])*
        pub(super) fn $name($($arg: $kind),*) $(-> $result)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn wide($($arg: $kind),*) $(-> $result)? {
                    $plain($($arg),*)
                }
                if is_x86_feature_detected!("avx2") {
                    // SAFETY: the processor has AVX2, the only feature that `wide` needs.
                    return unsafe { wide($($arg),*) };
                }
            }
            $plain($($arg),*)
        }
    )*};
}

/// `exp(x)` within one unit in the last place, for x up to 88; below -87 it stays at exp(-87).
///
/// # Source
/// Cody and Waite's reduction and the polynomial of the Cephes library (`expf`).
#[inline(always)]
fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 rounds to a whole number and leaves it in the low bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let x = if x > 88.0 { 88.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = x - whole * 0.693_359_4 - whole * -2.121_944_4e-4;
    let mut p = 1.987_569_1e-4;
    p = p * rest + 1.398_2e-3;
    p = p * rest + 8.333_452e-3;
    p = p * rest + 4.166_579_6e-2;
    p = p * rest + 0.166_666_65;
    p = p * rest + 0.5;
    let value = p * rest * rest + rest + 1.0;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3f80_0000));
    value * power
}

#[inline(always)]
fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

#[inline(always)]
fn tanh(x: f32) -> f32 {
    1.0 - 2.0 / (1.0 + exp(2.0 * x))
}

/// `sum f(x)` over a row, in lanes.
#[inline(always)]
fn lane_sum(row: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    // Arrays of a known length: no bounds checks that would keep the loop scalar.
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] += f(chunk[lane]);
        }
    }
    for (sum, &x) in lanes.iter_mut().zip(rest) {
        *sum += f(x);
    }
    lanes.iter().sum()
}

/// `sum x * y * z` over equally long rows, in lanes.
#[inline(always)]
fn lane_sum_of_products(a: &[f32], b: &[f32], c: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    let (c, c_rest) = c.as_chunks::<LANES>();
    for ((a, b), c) in a.iter().zip(b).zip(c) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane] * c[lane];
        }
    }
    for (((sum, a), b), c) in lanes.iter_mut().zip(a_rest).zip(b_rest).zip(c_rest) {
        *sum += a * b * c;
    }
    lanes.iter().sum()
}

/// `sum x * y` over equally long rows, in lanes.
#[inline(always)]
fn lane_dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (a, a_rest) = a.as_chunks::<LANES>();
    let (b, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a.iter().zip(b) {
        for lane in 0..LANES {
            lanes[lane] += a[lane] * b[lane];
        }
    }
    for ((sum, a), b) in lanes.iter_mut().zip(a_rest).zip(b_rest) {
        *sum += a * b;
    }
    lanes.iter().sum()
}

#[inline(always)]
fn largest(row: &[f32]) -> f32 {
    let mut lanes = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = row.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            lanes[lane] = if chunk[lane] > lanes[lane] {
                chunk[lane]
            } else {
                lanes[lane]
            };
        }
    }
    for (most, &x) in lanes.iter_mut().zip(rest) {
        *most = if x > *most { x } else { *most };
    }
    lanes.iter().fold(f32::NEG_INFINITY, |a, &b| a.max(b))
}

/// `sqrt(2 / pi)` of the tanh form of GELU.
const GELU_FACTOR: f32 = 0.797_884_6;

/// GELU by tanh and its derivative.
#[inline(always)]
fn gelu_tanh(x: f32) -> (f32, f32) {
    let inner = GELU_FACTOR * (x + 0.044_715 * x * x * x);
    let share = sigmoid(2.0 * inner);
    let slope = 2.0 * GELU_FACTOR * (1.0 + 3.0 * 0.044_715 * x * x);
    (x * share, share + x * share * (1.0 - share) * slope)
}

vectorised! {
    /// `1 / sqrt(mean(row^2) + eps)`.
    fn inverse_root / inverse_root_plain(row: &[f32], eps: f32) -> f32 {
        let square = lane_sum(row, |x| x * x);
        1.0 / (square / row.len() as f32 + eps).sqrt()
    }

    /// `output = row * inverse * weight`.
    fn normalise / normalise_plain(output: &mut [f32], row: &[f32], inverse: f32, weight: &[f32]) {
        for ((out, x), w) in output.iter_mut().zip(row).zip(weight) {
            *out = x * inverse * w;
        }
    }

    /// Adds the norm's gradients: to `row_gradient` for the row, to `weight_gradient` for the weight.
    fn normalise_backward / normalise_backward_plain(
        row_gradient: &mut [f32],
        weight_gradient: &mut [f32],
        gradient: &[f32],
        row: &[f32],
        inverse: f32,
        weight: &[f32]
    ) {
        let count = row.len();
        let (gradient, weight) = (&gradient[..count], &weight[..count]);
        let along = lane_sum_of_products(gradient, weight, row);
        let shrink = along * inverse * inverse * inverse / count as f32;
        let (row_gradient, weight_gradient) =
            (&mut row_gradient[..count], &mut weight_gradient[..count]);
        for ix in 0..count {
            row_gradient[ix] += gradient[ix] * weight[ix] * inverse - row[ix] * shrink;
            weight_gradient[ix] += gradient[ix] * row[ix] * inverse;
        }
    }

    /// Softmax of `scale * row`, in place.
    fn softmax / softmax_plain(row: &mut [f32], scale: f32) {
        let most = largest(row);
        for x in row.iter_mut() {
            *x = exp((*x - most) * scale);
        }
        let sum = lane_sum(row, |x| x);
        let share = 1.0 / sum;
        for x in row.iter_mut() {
            *x *= share;
        }
    }

    /// `gradient = shares * (gradient - sum(shares * gradient)) * scale`.
    fn softmax_backward / softmax_backward_plain(gradient: &mut [f32], shares: &[f32], scale: f32) {
        let shares = &shares[..gradient.len()];
        let along = lane_dot(shares, gradient);
        for (g, p) in gradient.iter_mut().zip(shares) {
            *g = p * (*g - along) * scale;
        }
    }

    /// `row = cap * tanh(scale * row / cap)`.
    fn soft_cap / soft_cap_plain(row: &mut [f32], scale: f32, cap: f32) {
        let inner = scale / cap;
        for x in row.iter_mut() {
            *x = cap * tanh(*x * inner);
        }
    }

    /// `slopes = 1 - (capped / cap)^2`, the derivative of the cap where its value is `capped`.
    fn cap_slopes / cap_slopes_plain(slopes: &mut [f32], capped: &[f32], cap: f32) {
        let inner = 1.0 / cap;
        for (slope, x) in slopes.iter_mut().zip(capped) {
            *slope = 1.0 - (x * inner) * (x * inner);
        }
    }

    /// `row *= factors`.
    fn scale_by / scale_by_plain(row: &mut [f32], factors: &[f32]) {
        for (x, factor) in row.iter_mut().zip(factors) {
            *x *= factor;
        }
    }

    /// `row += other`.
    fn add / add_plain(row: &mut [f32], other: &[f32]) {
        for (x, y) in row.iter_mut().zip(other) {
            *x += y;
        }
    }

    /// `output = silu(gate) * up`.
    fn silu_gate / silu_gate_plain(output: &mut [f32], gate: &[f32], up: &[f32]) {
        for ((out, &g), &u) in output.iter_mut().zip(gate).zip(up) {
            *out = g * sigmoid(g) * u;
        }
    }

    /// Replaces `gate` and `up` by their gradients.
    fn silu_gate_backward / silu_gate_backward_plain(
        gradient: &[f32],
        gate: &mut [f32],
        up: &mut [f32]
    ) {
        for ((&d, g), u) in gradient.iter().zip(gate).zip(up) {
            let share = sigmoid(*g);
            let active = *g * share;
            let slope = share + active * (1.0 - share);
            *g = d * *u * slope;
            *u = d * active;
        }
    }

    /// `output = gelu_tanh(gate) * up`.
    fn gelu_gate / gelu_gate_plain(output: &mut [f32], gate: &[f32], up: &[f32]) {
        for ((out, &g), &u) in output.iter_mut().zip(gate).zip(up) {
            *out = gelu_tanh(g).0 * u;
        }
    }

    /// Replaces `gate` and `up` by their gradients.
    fn gelu_gate_backward / gelu_gate_backward_plain(
        gradient: &[f32],
        gate: &mut [f32],
        up: &mut [f32]
    ) {
        for ((&d, g), u) in gradient.iter().zip(gate).zip(up) {
            let (active, slope) = gelu_tanh(*g);
            *g = d * *u * slope;
            *u = d * active;
        }
    }

    /// `log(sum(exp(row)))`.
    fn log_sum_exp / log_sum_exp_plain(row: &[f32]) -> f32 {
        let most = largest(row);
        let mut exponentials = [0.0; 256];
        let mut sum = 0.0;
        for part in row.chunks(exponentials.len()) {
            let exponentials = &mut exponentials[..part.len()];
            for (e, x) in exponentials.iter_mut().zip(part) {
                *e = exp(x - most);
            }
            sum += lane_sum(exponentials, |e| e);
        }
        most + sum.ln()
    }

    /// Rotates pairs `(d, d + half)` of one head by the angles, or back by them.
    fn rotate / rotate_plain(head: &mut [f32], cosines: &[f32], sines: &[f32], back: bool) {
        let half = cosines.len();
        let (first, second) = head.split_at_mut(half);
        let sign = if back { -1.0 } else { 1.0 };
        for (((a, b), c), s) in first.iter_mut().zip(&mut second[..half]).zip(cosines).zip(sines) {
            let s = sign * s;
            let (x, y) = (*a, *b);
            *a = x * c - y * s;
            *b = y * c + x * s;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exp_is_near_the_library() {
        let mut worst = 0.0f64;
        for step in -86_900..87_900 {
            let x = step as f32 * 1e-3;
            let expected = f64::from(x).exp();
            worst = worst.max((f64::from(exp(x)) - expected).abs() / expected);
        }
        assert!(worst < 1.2e-7, "{worst:e}");
        assert!(exp(f32::NEG_INFINITY) < 2e-38);
        assert_eq!(exp(0.0), 1.0);
    }

    proptest! {
        /// The functions compiled for AVX2 against their plain twins, bit for bit.
        #[test]
        fn wide_and_plain_functions_give_equal_bits(
            row in prop::collection::vec(-4.0f32..4.0, 1..70), scale in 0.1f32..2.0,
        ) {
            let other: Vec<f32> = row.iter().map(|x| (x * 3.0).sin()).collect();
            let third: Vec<f32> = row.iter().map(|x| (x * 5.0).cos()).collect();
            let pair = |wide: &dyn Fn(&mut [f32], &mut [f32]), plain: &dyn Fn(&mut [f32], &mut [f32])| {
                let (mut a, mut b) = (row.clone(), other.clone());
                let (mut c, mut d) = (row.clone(), other.clone());
                wide(&mut a, &mut b);
                plain(&mut c, &mut d);
                let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                bits(&a) == bits(&c) && bits(&b) == bits(&d)
            };
            prop_assert_eq!(inverse_root(&row, scale).to_bits(), inverse_root_plain(&row, scale).to_bits());
            prop_assert_eq!(log_sum_exp(&row).to_bits(), log_sum_exp_plain(&row).to_bits());
            prop_assert!(pair(&|a, _| softmax(a, scale), &|a, _| softmax_plain(a, scale)));
            prop_assert!(pair(&|a, b| softmax_backward(a, b, scale), &|a, b| softmax_backward_plain(a, b, scale)));
            prop_assert!(pair(&|a, _| soft_cap(a, scale, 3.0), &|a, _| soft_cap_plain(a, scale, 3.0)));
            prop_assert!(pair(&|a, b| cap_slopes(a, b, scale), &|a, b| cap_slopes_plain(a, b, scale)));
            prop_assert!(pair(&|a, b| normalise(a, b, scale, &third), &|a, b| normalise_plain(a, b, scale, &third)));
            prop_assert!(pair(
                &|a, b| normalise_backward(a, b, &third, &row, scale, &other),
                &|a, b| normalise_backward_plain(a, b, &third, &row, scale, &other)
            ));
            prop_assert!(pair(&|a, b| silu_gate_backward(&third, a, b), &|a, b| silu_gate_backward_plain(&third, a, b)));
            prop_assert!(pair(&|a, b| gelu_gate_backward(&third, a, b), &|a, b| gelu_gate_backward_plain(&third, a, b)));
            prop_assert!(pair(&|a, b| silu_gate(a, b, &third), &|a, b| silu_gate_plain(a, b, &third)));
            prop_assert!(pair(&|a, b| gelu_gate(a, b, &third), &|a, b| gelu_gate_plain(a, b, &third)));
            let half = row.len() / 2;
            prop_assert!(pair(
                &|a, _| rotate(a, &other[..half], &third[..half], true),
                &|a, _| rotate_plain(a, &other[..half], &third[..half], true)
            ));
        }
    }
}
