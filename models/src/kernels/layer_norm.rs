//! Layer norm over rows, and its gradients.

use super::lanes::{LANES, Lanes};
use super::level::{Level, at_level};

/// Rows of `width` numbers that begin `step` apart.
#[derive(Clone, Copy)]
pub(crate) struct Grid {
    pub(crate) rows: usize,
    pub(crate) width: usize,
    pub(crate) step: usize,
}

impl Grid {
    /// Whether so many numbers hold all rows.
    pub(crate) fn fits(&self, length: usize) -> bool {
        self.rows == 0
            || self.width <= self.step && (self.rows - 1) * self.step + self.width <= length
    }
}

/// `out = (x - mean) / sqrt(variance + eps) * weight + bias`, row by row; keeps the mean and the inverse deviation of
/// each row in `moments`.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn layer_norm(
    level: Level,
    grid: Grid,
    eps: f32,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
    moments: &mut [f32],
) {
    assert!(grid.fits(x.len()) && grid.fits(out.len()), "rows of a norm");
    assert_eq!(
        [weight.len(), bias.len()],
        [grid.width; 2],
        "a norm's weights"
    );
    assert!(2 * grid.rows <= moments.len(), "room for moments");
    // SAFETY: the lengths were checked.
    unsafe { norm_at(level, grid, eps, x, weight, bias, out, moments) };
}

/// Adds the gradients of a norm's rows, weight and bias, given that of its result.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn layer_norm_backward(
    level: Level,
    grid: Grid,
    x: &[f32],
    moments: &[f32],
    weight: &[f32],
    gradient: &[f32],
    x_gradient: &mut [f32],
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
) {
    let fit = [x.len(), gradient.len(), x_gradient.len()];
    assert!(
        fit.into_iter().all(|length| grid.fits(length)),
        "rows of a norm"
    );
    let widths = [weight.len(), weight_gradient.len(), bias_gradient.len()];
    assert_eq!(widths, [grid.width; 3], "a norm's weights");
    assert!(2 * grid.rows <= moments.len(), "moments");
    // SAFETY: the lengths were checked.
    unsafe {
        backward_at(
            level,
            grid,
            x,
            moments,
            weight,
            gradient,
            x_gradient,
            weight_gradient,
            bias_gradient,
        );
    }
}

at_level! {
    unsafe fn norm_at(
        grid: Grid,
        eps: f32,
        x: &[f32],
        weight: &[f32],
        bias: &[f32],
        out: &mut [f32],
        moments: &mut [f32],
    ) = norm
}
at_level! {
    unsafe fn backward_at(
        grid: Grid,
        x: &[f32],
        moments: &[f32],
        weight: &[f32],
        gradient: &[f32],
        x_gradient: &mut [f32],
        weight_gradient: &mut [f32],
        bias_gradient: &mut [f32],
    ) = backward
}

#[inline(always)]
unsafe fn norm<L: Lanes>(
    grid: Grid,
    eps: f32,
    x: &[f32],
    weight: &[f32],
    bias: &[f32],
    out: &mut [f32],
    moments: &mut [f32],
) {
    let width = grid.width;
    // SAFETY: the lengths were checked by the caller; parts end with the rows.
    unsafe {
        for row in 0..grid.rows {
            let x = x.as_ptr().add(row * grid.step);
            let out = out.as_mut_ptr().add(row * grid.step);
            let mut sum = L::splat(0.0);
            for at in (0..width).step_by(LANES) {
                sum = sum.add(L::load_part(x.add(at), width - at));
            }
            let mean = sum.sum() / width as f32;
            let (whole, rest) = (width / LANES * LANES, width % LANES);
            let mut squares = L::splat(0.0);
            for at in (0..whole).step_by(LANES) {
                let centred = L::load(x.add(at)).sub(L::splat(mean));
                squares = centred.mul_add(centred, squares);
            }
            let mut square = squares.sum();
            for at in whole..whole + rest {
                let centred = *x.add(at) - mean;
                square += centred * centred;
            }
            let inverse = 1.0 / (square / width as f32 + eps).sqrt();
            moments[2 * row] = mean;
            moments[2 * row + 1] = inverse;
            let (mean, inverse) = (L::splat(mean), L::splat(inverse));
            for at in (0..width).step_by(LANES) {
                let count = width - at;
                let value = L::load_part(x.add(at), count).sub(mean).mul(inverse);
                let weight = L::load_part(weight.as_ptr().add(at), count);
                let bias = L::load_part(bias.as_ptr().add(at), count);
                value.mul_add(weight, bias).store_part(out.add(at), count);
            }
        }
    }
}

#[inline(always)]
unsafe fn backward<L: Lanes>(
    grid: Grid,
    x: &[f32],
    moments: &[f32],
    weight: &[f32],
    gradient: &[f32],
    x_gradient: &mut [f32],
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
) {
    let width = grid.width;
    // SAFETY: the lengths were checked by the caller; parts end with the rows. Lanes past the end of a row are 0 in
    // the gradient and the weight, so they add nothing to sums.
    unsafe {
        for row in 0..grid.rows {
            let x = x.as_ptr().add(row * grid.step);
            let gradient = gradient.as_ptr().add(row * grid.step);
            let to = x_gradient.as_mut_ptr().add(row * grid.step);
            let (mean, inverse) = (L::splat(moments[2 * row]), L::splat(moments[2 * row + 1]));
            let (mut plain, mut along) = (L::splat(0.0), L::splat(0.0));
            for at in (0..width).step_by(LANES) {
                let count = width - at;
                let normed = L::load_part(x.add(at), count).sub(mean).mul(inverse);
                let gradient = L::load_part(gradient.add(at), count);
                let weight_at = weight_gradient.as_mut_ptr().add(at);
                gradient
                    .mul_add(normed, L::load_part(weight_at, count))
                    .store_part(weight_at, count);
                let bias_at = bias_gradient.as_mut_ptr().add(at);
                gradient
                    .add(L::load_part(bias_at, count))
                    .store_part(bias_at, count);
                let scaled = gradient.mul(L::load_part(weight.as_ptr().add(at), count));
                plain = plain.add(scaled);
                along = scaled.mul_add(normed, along);
            }
            let plain = L::splat(plain.sum() / width as f32);
            let along = L::splat(along.sum() / width as f32);
            for at in (0..width).step_by(LANES) {
                let count = width - at;
                let normed = L::load_part(x.add(at), count).sub(mean).mul(inverse);
                let scaled = L::load_part(gradient.add(at), count)
                    .mul(L::load_part(weight.as_ptr().add(at), count));
                let change = scaled.sub(plain).sub(normed.mul(along)).mul(inverse);
                let to = to.add(at);
                L::load_part(to, count).add(change).store_part(to, count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 500.0 - 2.0)
            .collect()
    }

    #[test]
    fn norms_follow_the_formula_and_their_gradients_follow_the_norms_at_all_levels() {
        let (rows, eps) = (3, 1e-5);
        for width in [1, 8, 16, 37, 128] {
            let step = width + 5;
            let grid = Grid { rows, width, step };
            let x = numbers(rows * step, 1);
            let (weight, bias) = (numbers(width, 2), numbers(width, 3));
            let gradient = numbers(rows * step, 4);
            let formula = |x: &[f64]| -> Vec<f64> {
                let mean = x.iter().sum::<f64>() / width as f64;
                let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / width as f64;
                let each = x.iter().zip(&weight).zip(&bias);
                each.map(|((v, w), b)| {
                    (v - mean) / (variance + f64::from(eps)).sqrt() * f64::from(*w) + f64::from(*b)
                })
                .collect()
            };
            let mut seen: Option<Vec<Vec<u32>>> = None;
            for level in Level::available() {
                let mut out = vec![0.0; rows * step];
                let mut moments = vec![0.0; 2 * rows];
                layer_norm(level, grid, eps, &x, &weight, &bias, &mut out, &mut moments);
                let mut to = vec![0.0; rows * step];
                let (mut to_weight, mut to_bias) = (vec![0.0; width], vec![0.0; width]);
                layer_norm_backward(
                    level,
                    grid,
                    &x,
                    &moments,
                    &weight,
                    &gradient,
                    &mut to,
                    &mut to_weight,
                    &mut to_bias,
                );
                for row in 0..rows {
                    let wide: Vec<f64> = x[row * step..][..width]
                        .iter()
                        .map(|v| f64::from(*v))
                        .collect();
                    let g = &gradient[row * step..][..width];
                    let normed = formula(&wide);
                    for (i, expected) in normed.iter().enumerate() {
                        let got = out[row * step + i];
                        assert!((f64::from(got) - expected).abs() < 1e-5, "{got} {expected}");
                        let slope = |by: f64| -> f64 {
                            let mut moved = wide.clone();
                            moved[i] += by;
                            formula(&moved)
                                .iter()
                                .zip(g)
                                .map(|(y, g)| y * f64::from(*g))
                                .sum()
                        };
                        let expected = (slope(1e-5) - slope(-1e-5)) / 2e-5;
                        let got = f64::from(to[row * step + i]);
                        assert!((got - expected).abs() < 2e-4, "{width}: {got} {expected}");
                    }
                }
                let all = [out, to, to_weight, to_bias];
                let bits = all
                    .map(|v| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>())
                    .to_vec();
                assert_eq!(seen.get_or_insert_with(|| bits.clone()), &bits);
            }
        }
    }
}
