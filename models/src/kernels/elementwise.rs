//! Passes over rows, number by number: activations and their gradients, sums, products with one row.

use super::exponential::{exp, tanh};
use super::lanes::{LANES, Lanes};
use super::layer_norm::Grid;
use super::level::{Level, at_level};

/// What a pass does with the numbers `x` of a row that it changes and `y` of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// `x + y`.
    Add,
    /// `gelu(y)`, by the error function.
    Gelu,
    /// `x · gelu'(y)`.
    GeluSlope,
    /// `x` where `y` is above 0, else 0.
    ReluSlope,
    /// `tanh(y)`.
    Tanh,
    /// `x · (1 - y²)`.
    TanhSlope,
}

/// Applies a pass to rows of `x` with rows of `y`.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn pass(level: Level, what: Pass, grid: Grid, x: &mut [f32], y: &[f32]) {
    assert!(grid.fits(x.len()) && grid.fits(y.len()), "rows of a pass");
    // SAFETY: the lengths were checked.
    unsafe { pass_at(level, what, grid, x, grid.step, y, grid.step) };
}

/// Applies a pass to one row with one row.
///
/// # Panics
/// When they are not equally long.
pub(crate) fn pass_row(level: Level, what: Pass, x: &mut [f32], y: &[f32]) {
    assert_eq!(x.len(), y.len(), "rows of a pass");
    let grid = Grid {
        rows: 1,
        width: x.len(),
        step: x.len(),
    };
    // SAFETY: the lengths were checked.
    unsafe { pass_at(level, what, grid, x, 0, y, 0) };
}

/// Multiplies each row of `x` by one row.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn scale_columns(level: Level, grid: Grid, x: &mut [f32], by: &[f32]) {
    assert!(grid.fits(x.len()), "rows to scale");
    assert_eq!(by.len(), grid.width, "factors of columns");
    // SAFETY: the lengths were checked.
    unsafe { scale_at(level, grid, x, by) };
}

/// Adds all rows to one.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn add_rows(level: Level, grid: Grid, x: &[f32], to: &mut [f32]) {
    assert!(grid.fits(x.len()), "rows to add");
    assert_eq!(to.len(), grid.width, "sum of rows");
    // SAFETY: the lengths were checked.
    unsafe { sum_at(level, grid, x, to) };
}

/// The product of each row with one row: `out[r] = Σ_k x[r][k] · with[k]`.
///
/// # Panics
/// When a slice is too short.
pub(crate) fn dots(level: Level, grid: Grid, x: &[f32], with: &[f32], out: &mut [f32]) {
    assert!(grid.fits(x.len()), "rows of products");
    assert_eq!(
        [with.len(), out.len()],
        [grid.width, grid.rows],
        "products of rows"
    );
    // SAFETY: the lengths were checked.
    unsafe { dots_at(level, grid, x, with, out) };
}

/// `to[k] += by · x[k]`.
///
/// # Panics
/// When the rows are not equally long.
pub(crate) fn add_scaled(level: Level, by: f32, x: &[f32], to: &mut [f32]) {
    assert_eq!(x.len(), to.len(), "rows of a sum");
    // SAFETY: the lengths were checked.
    unsafe { add_scaled_at(level, by, x, to) };
}

at_level! {
    unsafe fn pass_at(what: Pass, grid: Grid, x: &mut [f32], x_step: usize, y: &[f32], y_step: usize) = pass_rows
}
at_level! {
    unsafe fn scale_at(grid: Grid, x: &mut [f32], by: &[f32]) = scale
}
at_level! {
    unsafe fn sum_at(grid: Grid, x: &[f32], to: &mut [f32]) = sum
}
at_level! {
    unsafe fn dots_at(grid: Grid, x: &[f32], with: &[f32], out: &mut [f32]) = dot_rows
}
at_level! {
    unsafe fn add_scaled_at(by: f32, x: &[f32], to: &mut [f32]) = scaled
}

#[inline(always)]
unsafe fn pass_rows<L: Lanes>(
    what: Pass,
    grid: Grid,
    x: &mut [f32],
    x_step: usize,
    y: &[f32],
    y_step: usize,
) {
    // SAFETY: the lengths were checked by the caller.
    unsafe {
        let (x, y) = (x.as_mut_ptr(), y.as_ptr());
        match what {
            Pass::Add => each::<L>(grid, x, x_step, y, y_step, |x, y| x.add(y)),
            Pass::Gelu => each::<L>(grid, x, x_step, y, y_step, |_, y| gelu(y).0),
            Pass::GeluSlope => each::<L>(grid, x, x_step, y, y_step, |x, y| x.mul(gelu(y).1)),
            Pass::ReluSlope => each::<L>(grid, x, x_step, y, y_step, |x, y| {
                x.where_at_least(y, f32::MIN_POSITIVE)
            }),
            Pass::Tanh => each::<L>(grid, x, x_step, y, y_step, |_, y| tanh(y)),
            Pass::TanhSlope => each::<L>(grid, x, x_step, y, y_step, |x, y| {
                let square = L::splat(0.0).sub(y).mul_add(y, L::splat(1.0));
                x.mul(square)
            }),
        }
    }
}

#[inline(always)]
unsafe fn each<L: Lanes>(
    grid: Grid,
    x: *mut f32,
    x_step: usize,
    y: *const f32,
    y_step: usize,
    f: impl Fn(L, L) -> L,
) {
    // SAFETY: the caller vouches for the rows; parts end with them.
    unsafe {
        for row in 0..grid.rows {
            let (x, y) = (x.add(row * x_step), y.add(row * y_step));
            for at in (0..grid.width).step_by(LANES) {
                let count = grid.width - at;
                let value = f(
                    L::load_part(x.add(at), count),
                    L::load_part(y.add(at), count),
                );
                value.store_part(x.add(at), count);
            }
        }
    }
}

#[inline(always)]
unsafe fn scale<L: Lanes>(grid: Grid, x: &mut [f32], by: &[f32]) {
    // SAFETY: the lengths were checked by the caller.
    unsafe {
        let each_row = Grid { rows: 1, ..grid };
        for row in 0..grid.rows {
            let x = x.as_mut_ptr().add(row * grid.step);
            each::<L>(each_row, x, 0, by.as_ptr(), 0, |x, by| x.mul(by));
        }
    }
}

#[inline(always)]
unsafe fn sum<L: Lanes>(grid: Grid, x: &[f32], to: &mut [f32]) {
    // SAFETY: the lengths were checked by the caller; parts end with the rows.
    unsafe {
        for at in (0..grid.width).step_by(LANES) {
            let count = grid.width - at;
            let to = to.as_mut_ptr().add(at);
            let mut sum = L::load_part(to, count);
            for row in 0..grid.rows {
                sum = sum.add(L::load_part(x.as_ptr().add(row * grid.step + at), count));
            }
            sum.store_part(to, count);
        }
    }
}

#[inline(always)]
unsafe fn dot_rows<L: Lanes>(grid: Grid, x: &[f32], with: &[f32], out: &mut [f32]) {
    // SAFETY: the lengths were checked by the caller; parts end with the rows.
    unsafe {
        for (row, out) in out.iter_mut().enumerate() {
            let x = x.as_ptr().add(row * grid.step);
            let mut sum = L::splat(0.0);
            for at in (0..grid.width).step_by(LANES) {
                let count = grid.width - at;
                let with = L::load_part(with.as_ptr().add(at), count);
                sum = L::load_part(x.add(at), count).mul_add(with, sum);
            }
            *out = sum.sum();
        }
    }
}

#[inline(always)]
unsafe fn scaled<L: Lanes>(by: f32, x: &[f32], to: &mut [f32]) {
    // SAFETY: the lengths were checked by the caller; parts end with the rows.
    unsafe {
        let by = L::splat(by);
        for at in (0..x.len()).step_by(LANES) {
            let count = x.len() - at;
            let to = to.as_mut_ptr().add(at);
            let sum = by.mul_add(
                L::load_part(x.as_ptr().add(at), count),
                L::load_part(to, count),
            );
            sum.store_part(to, count);
        }
    }
}

/// `x Φ(x)` and its slope `Φ(x) + x φ(x)`, with `Φ` by the complement of the error function after Abramowitz and
/// Stegun 7.1.26 (absolute error below 2e-7).
#[inline(always)]
unsafe fn gelu<L: Lanes>(x: L) -> (L, L) {
    // SAFETY: as the caller promises.
    unsafe {
        let (zero, half, one) = (L::splat(0.0), L::splat(0.5), L::splat(1.0));
        let size = x.max(zero.sub(x));
        let z = size.mul(L::splat(std::f32::consts::FRAC_1_SQRT_2));
        let t = one.div(z.mul_add(L::splat(0.327_591_1), one));
        let mut sum = L::splat(1.061_405_4);
        for coefficient in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
            sum = sum.mul_add(t, L::splat(coefficient));
        }
        let bell = exp(zero.sub(z.mul(z)));
        let tail = sum.mul(t).mul(bell).mul(half);
        let value = x.max(zero).sub(size.mul(tail));
        // 1 - tail above 0, tail below.
        let upper = one.sub(tail).where_at_least(x, 0.0);
        let lower = tail.sub(tail.where_at_least(x, 0.0));
        // 1 / sqrt(2 pi)
        let slope = x.mul(bell).mul_add(L::splat(0.398_942_3), upper.add(lower));
        (value, slope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phi(x: f64) -> f64 {
        let steps = 4000;
        let h = x / f64::from(steps);
        let area: f64 = (0..steps)
            .map(|i| (-((f64::from(i) + 0.5) * h).powi(2) / 2.0).exp() * h)
            .sum();
        0.5 + area / (2.0 * std::f64::consts::PI).sqrt()
    }

    #[test]
    fn passes_follow_their_formulas_at_all_levels() {
        let y: Vec<f32> = (-300..300).map(|i| i as f32 * 0.0173).collect();
        let x: Vec<f32> = y.iter().map(|v| (v * 3.0).cos()).collect();
        let bell = |y: f64| (-y * y / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt();
        type Formula<'a> = &'a dyn Fn(f64, f64) -> f64;
        let formulas: [(Pass, Formula<'_>); 6] = [
            (Pass::Add, &|x, y| x + y),
            (Pass::Gelu, &|_, y| y * phi(y)),
            (Pass::GeluSlope, &|x, y| x * (phi(y) + y * bell(y))),
            (Pass::ReluSlope, &|x, y| if y > 0.0 { x } else { 0.0 }),
            (Pass::Tanh, &|_, y| y.tanh()),
            (Pass::TanhSlope, &|x, y| x * (1.0 - y * y)),
        ];
        for (what, formula) in formulas {
            let mut seen: Option<Vec<f32>> = None;
            for level in Level::available() {
                let mut out = x.clone();
                pass_row(level, what, &mut out, &y);
                for ((got, x), y) in out.iter().zip(&x).zip(&y) {
                    let expected = formula(f64::from(*x), f64::from(*y));
                    let bound = 1e-6 * f64::from(y * y).max(1.0);
                    assert!(
                        (f64::from(*got) - expected).abs() < bound,
                        "{what:?} {got} {expected}"
                    );
                }
                assert_eq!(seen.get_or_insert_with(|| out.clone()), &out);
            }
        }
    }

    #[test]
    fn sums_and_products_of_rows_are_those_of_their_numbers() {
        let grid = Grid {
            rows: 3,
            width: 19,
            step: 21,
        };
        let x: Vec<f32> = (0..63).map(|i| (i % 7) as f32 - 3.0).collect();
        let with: Vec<f32> = (0..19).map(|i| (i % 5) as f32).collect();
        for level in Level::available() {
            let mut sums = vec![1.0; 19];
            add_rows(level, grid, &x, &mut sums);
            let mut products = vec![0.0; 3];
            dots(level, grid, &x, &with, &mut products);
            let mut scaled = with.clone();
            add_scaled(level, 2.0, &x[..19], &mut scaled);
            let mut columns = x.clone();
            scale_columns(level, grid, &mut columns, &with);
            for k in 0..19 {
                assert_eq!(sums[k], 1.0 + x[k] + x[21 + k] + x[42 + k]);
                assert_eq!(scaled[k], with[k] + 2.0 * x[k]);
                assert_eq!(columns[21 + k], x[21 + k] * with[k]);
            }
            assert_eq!(columns[19..21], x[19..21]);
            for (r, product) in products.iter().enumerate() {
                let expected: f32 = (0..19).map(|k| x[21 * r + k] * with[k]).sum();
                assert_eq!(*product, expected);
            }
        }
    }
}
