//! Kernels over single rows: norms, gates, caps, rotation.

use crate::kernels::{LANES, Lanes};
use crate::kernels::{Level, at_level};
use crate::kernels::{exp, tanh};
use crate::local::transformer::Activation;

/// What a gate does before it multiplies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::local::cpu) enum Gate {
    /// `x / (1 + e^{-x})`.
    Silu,
    /// GELU by the hyperbolic tangent.
    GeluTanh,
    /// GELU by the error function.
    Gelu,
}

impl Gate {
    /// The gate of an activation.
    pub(in crate::local::cpu) fn of(activation: Activation) -> Self {
        match activation {
            Activation::Silu => Self::Silu,
            Activation::GeluTanh => Self::GeluTanh,
            Activation::Gelu => Self::Gelu,
        }
    }
}

/// Root-mean-square norm: `out[i] = x[i] / sqrt(mean(x²) + eps) * weight[i]`.
///
/// # Shapes
/// All three of one length, else it panics.
pub(in crate::local::cpu) fn rms_norm(
    level: Level,
    x: &[f32],
    weight: &[f32],
    eps: f32,
    out: &mut [f32],
) {
    assert_eq!(x.len(), weight.len(), "the norm's weights");
    assert_eq!(x.len(), out.len(), "the norm's output");
    // SAFETY: the lengths were checked.
    unsafe { norm_at(level, x, weight, eps, out) };
}

/// `out[i] = f(gate[i]) * up[i]`.
///
/// # Shapes
/// All three of one length, else it panics.
pub(in crate::local::cpu) fn gated(
    level: Level,
    kind: Gate,
    gate: &[f32],
    up: &[f32],
    out: &mut [f32],
) {
    assert_eq!(gate.len(), up.len(), "the gate's partner");
    assert_eq!(gate.len(), out.len(), "the gate's output");
    // SAFETY: the lengths were checked.
    unsafe { gate_at(level, kind, gate, up, out) };
}

/// `x[i] = cap * tanh(x[i] / cap)`.
pub(in crate::local::cpu) fn softcap(level: Level, x: &mut [f32], cap: f32) {
    // SAFETY: the kernel stays inside the slice.
    unsafe { softcap_at(level, x, cap) };
}

/// Rotates the pairs `(x[i], x[i + half])` by the angles whose cosines and sines are given.
///
/// # Shapes
/// `cos`, `sin`: `[half]`; `x`: at least `2 * half`, the rest stays.
pub(in crate::local::cpu) fn rotate(x: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = x.split_at_mut(cos.len());
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *b * cos + *a * sin);
    }
}

at_level! {
    unsafe fn norm_at(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) = norm
}
at_level! {
    unsafe fn gate_at(kind: Gate, gate: &[f32], up: &[f32], out: &mut [f32]) = gate_rows
}
at_level! {
    unsafe fn softcap_at(x: &mut [f32], cap: f32) = cap_row
}

#[inline(always)]
unsafe fn norm<L: Lanes>(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    // SAFETY: the slices are equally long; parts end with them.
    unsafe {
        let mut squares = L::splat(0.0);
        for start in (0..x.len()).step_by(LANES) {
            let value = L::load_part(x.as_ptr().add(start), x.len() - start);
            squares = value.mul_add(value, squares);
        }
        let scale = L::splat(1.0 / (squares.sum() / x.len() as f32 + eps).sqrt());
        for start in (0..x.len()).step_by(LANES) {
            let count = x.len() - start;
            let value = L::load_part(x.as_ptr().add(start), count);
            let weight = L::load_part(weight.as_ptr().add(start), count);
            let value = value.mul(scale).mul(weight);
            value.store_part(out.as_mut_ptr().add(start), count);
        }
    }
}

#[inline(always)]
unsafe fn gate_rows<L: Lanes>(kind: Gate, gate: &[f32], up: &[f32], out: &mut [f32]) {
    // SAFETY: the slices are equally long; parts end with them.
    unsafe {
        for start in (0..gate.len()).step_by(LANES) {
            let count = gate.len() - start;
            let x = L::load_part(gate.as_ptr().add(start), count);
            let up = L::load_part(up.as_ptr().add(start), count);
            let value = match kind {
                Gate::Silu => silu(x),
                Gate::GeluTanh => gelu_tanh(x),
                Gate::Gelu => gelu(x),
            };
            value.mul(up).store_part(out.as_mut_ptr().add(start), count);
        }
    }
}

#[inline(always)]
unsafe fn cap_row<L: Lanes>(x: &mut [f32], cap: f32) {
    // SAFETY: parts end with the slice.
    unsafe {
        for start in (0..x.len()).step_by(LANES) {
            let count = x.len() - start;
            let at = x.as_mut_ptr().add(start);
            capped::<L>(L::load_part(at, count), cap).store_part(at, count);
        }
    }
}

/// `cap * tanh(x / cap)`.
///
/// # Safety
/// As for [`Lanes`].
#[inline(always)]
pub(super) unsafe fn capped<L: Lanes>(x: L, cap: f32) -> L {
    // SAFETY: as the caller promises.
    unsafe { tanh(x.div(L::splat(cap))).mul(L::splat(cap)) }
}

#[inline(always)]
unsafe fn silu<L: Lanes>(x: L) -> L {
    // SAFETY: as the caller promises.
    unsafe {
        let minus = L::splat(0.0).sub(x);
        x.div(exp(minus).add(L::splat(1.0)))
    }
}

#[inline(always)]
unsafe fn gelu_tanh<L: Lanes>(x: L) -> L {
    // SAFETY: as the caller promises.
    unsafe {
        let cubic = x.mul(x).mul(L::splat(0.044_715)).mul_add(x, x);
        // sqrt(2 / pi)
        let t = tanh(cubic.mul(L::splat(0.797_884_6)));
        x.mul(L::splat(0.5)).mul(t.add(L::splat(1.0)))
    }
}

/// `x Φ(x) = max(x, 0) - |x| / 2 · erfc(|x| / √2)`, with erfc from Abramowitz and Stegun 7.1.26
/// (absolute error below 2e-7).
#[inline(always)]
unsafe fn gelu<L: Lanes>(x: L) -> L {
    // SAFETY: as the caller promises.
    unsafe {
        let zero = L::splat(0.0);
        let one = L::splat(1.0);
        let size = x.max(zero.sub(x));
        let z = size.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2));
        let t = one.div(z.mul_add(L::splat(0.327_591_1), one));
        let mut sum = L::splat(1.061_405_4);
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            sum = sum.mul_add(t, L::splat(coefficient));
        }
        let complement = sum.mul(t).mul(exp(zero.sub(z.mul(z))));
        x.max(zero).sub(size.mul(L::splat(0.5)).mul(complement))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs() -> Vec<f32> {
        (-1000..1000).map(|i| i as f32 * 0.0317).collect()
    }

    fn bits(values: &[f32]) -> Vec<u32> {
        values.iter().map(|v| v.to_bits()).collect()
    }

    /// Applies a gate to all inputs at each level; the levels must agree.
    fn gate(kind: Gate) -> Vec<f32> {
        let x = inputs();
        let ones = vec![1.0; x.len()];
        let mut results = Level::available().into_iter().map(|level| {
            let mut out = vec![0.0; x.len()];
            gated(level, kind, &x, &ones, &mut out);
            out
        });
        let first = results.next().unwrap();
        for other in results {
            assert_eq!(bits(&first), bits(&other));
        }
        first
    }

    fn erf(x: f64) -> f64 {
        let steps = 2000;
        let h = x / f64::from(steps);
        let area: f64 = (0..steps)
            .map(|i| (-((f64::from(i) + 0.5) * h).powi(2)).exp() * h)
            .sum();
        area * 2.0 / std::f64::consts::PI.sqrt()
    }

    #[test]
    fn gates_are_close_to_their_formulas() {
        for (kind, f) in [
            (Gate::Silu, (|x| x / (1.0 + (-x).exp())) as fn(f64) -> f64),
            (Gate::GeluTanh, |x| {
                let u = (2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x * x * x);
                0.5 * x * (1.0 + u.tanh())
            }),
            (Gate::Gelu, |x| {
                0.5 * x * (1.0 + erf(x / std::f64::consts::SQRT_2))
            }),
        ] {
            for (x, got) in inputs().into_iter().zip(gate(kind)) {
                let expected = f(f64::from(x));
                let error = (f64::from(got) - expected).abs();
                assert!(
                    error <= 4e-7 * f64::from(x.abs()).max(1.0),
                    "{kind:?} of {x}: expected {expected}, got {got}"
                );
            }
        }
    }

    #[test]
    fn caps_and_norms_agree_at_all_levels() {
        let x = inputs();
        let weight: Vec<f32> = x.iter().map(|v| v.cos()).collect();
        for width in [1, 15, 16, 100, 2000] {
            let mut seen: Option<(Vec<u32>, Vec<u32>)> = None;
            for level in Level::available() {
                let mut out = vec![0.0; width];
                rms_norm(level, &x[..width], &weight[..width], 1e-6, &mut out);
                let mut cap = x[..width].to_vec();
                softcap(level, &mut cap, 30.0);
                for (x, cap) in x.iter().zip(&cap) {
                    assert!((cap - 30.0 * (x / 30.0).tanh()).abs() < 1e-5);
                }
                let mean = x[..width].iter().map(|v| v * v).sum::<f32>() / width as f32;
                for i in 0..width {
                    let expected = x[i] / (mean + 1e-6).sqrt() * weight[i];
                    assert!((out[i] - expected).abs() < 1e-4, "{} {expected}", out[i]);
                }
                let both = (bits(&out), bits(&cap));
                assert_eq!(seen.get_or_insert_with(|| both.clone()), &both);
            }
        }
    }

    #[test]
    fn a_quarter_turn_swaps_the_halves() {
        let mut x = [1.0, 2.0, 3.0, 4.0, 5.0];
        rotate(&mut x, &[0.0, 0.0], &[1.0, 1.0]);
        assert_eq!(x, [-3.0, -4.0, 1.0, 2.0, 5.0]);
    }
}
