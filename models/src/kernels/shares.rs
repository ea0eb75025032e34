//! Softmax over the first numbers of each row, and its gradient.

use super::exponential::exp;
use super::lanes::{LANES, Lanes};
use super::level::{Level, at_level};

/// Replaces the first `seen[r]` scores of each row by the softmax of `scale` times them, and the rest of the row by zeros.
///
/// # Shapes
/// `scores`: rows of `width`, a multiple of 16.
///
/// # Panics
/// When the shapes do not fit or a row sees nothing.
pub(crate) fn softmax_prefixes(
    level: Level,
    scale: f32,
    seen: &[usize],
    width: usize,
    scores: &mut [f32],
) {
    check(seen, width, scores.len());
    // SAFETY: the lengths were checked.
    unsafe { softmax_at(level, scale, seen, width, scores) };
}

/// Replaces gradients of shares by `scale` times those of the scores.
///
/// # Panics
/// When the shapes do not fit or a row sees nothing.
pub(crate) fn softmax_prefixes_backward(
    level: Level,
    scale: f32,
    seen: &[usize],
    width: usize,
    shares: &[f32],
    gradient: &mut [f32],
) {
    check(seen, width, shares.len());
    check(seen, width, gradient.len());
    // SAFETY: the lengths were checked.
    unsafe { backward_at(level, scale, seen, width, shares, gradient) };
}

fn check(seen: &[usize], width: usize, length: usize) {
    assert!(
        width.is_multiple_of(LANES) && seen.len() * width <= length,
        "rows of scores"
    );
    let fits = |seen: &usize| (1..=width).contains(seen);
    assert!(seen.iter().all(fits), "scores that are seen");
}

at_level! {
    unsafe fn softmax_at(scale: f32, seen: &[usize], width: usize, scores: &mut [f32]) = softmax
}
at_level! {
    unsafe fn backward_at(
        scale: f32,
        seen: &[usize],
        width: usize,
        shares: &[f32],
        gradient: &mut [f32],
    ) = backward
}

#[inline(always)]
unsafe fn softmax<L: Lanes>(scale: f32, seen: &[usize], width: usize, scores: &mut [f32]) {
    // SAFETY: the lengths were checked by the caller; rows are whole groups of 16.
    unsafe {
        for (row, &seen) in scores.chunks_exact_mut(width).zip(seen) {
            let end = seen.next_multiple_of(LANES);
            row[seen..end].fill(f32::NEG_INFINITY);
            row[end..].fill(0.0);
            let at = row.as_mut_ptr();
            let mut largest = L::splat(f32::NEG_INFINITY);
            for start in (0..end).step_by(LANES) {
                largest = largest.max(L::load(at.add(start)));
            }
            let largest = L::splat(largest.maximum());
            let scale = L::splat(scale);
            let mut sum = L::splat(0.0);
            for start in (0..end).step_by(LANES) {
                let share = exp(L::load(at.add(start)).sub(largest).mul(scale));
                share.store(at.add(start));
                sum = sum.add(share);
            }
            let inverse = L::splat(1.0 / sum.sum());
            for start in (0..end).step_by(LANES) {
                L::load(at.add(start)).mul(inverse).store(at.add(start));
            }
        }
    }
}

#[inline(always)]
unsafe fn backward<L: Lanes>(
    scale: f32,
    seen: &[usize],
    width: usize,
    shares: &[f32],
    gradient: &mut [f32],
) {
    let rows = gradient
        .chunks_exact_mut(width)
        .zip(shares.chunks_exact(width));
    // SAFETY: the lengths were checked by the caller; rows are whole groups of 16.
    unsafe {
        for ((row, shares), &seen) in rows.zip(seen) {
            let end = seen.next_multiple_of(LANES);
            row[seen..].fill(0.0);
            let (at, shares) = (row.as_mut_ptr(), shares.as_ptr());
            let mut sum = L::splat(0.0);
            for start in (0..end).step_by(LANES) {
                sum = L::load(at.add(start)).mul_add(L::load(shares.add(start)), sum);
            }
            let mean = L::splat(sum.sum());
            let scale = L::splat(scale);
            for start in (0..end).step_by(LANES) {
                let change = L::load(at.add(start)).sub(mean);
                change
                    .mul(L::load(shares.add(start)))
                    .mul(scale)
                    .store(at.add(start));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_and_their_gradients_follow_the_formula_at_all_levels() {
        let (width, scale) = (48, 0.3);
        let seen = [1, 16, 17, 40];
        let scores: Vec<f32> = (0..4 * width)
            .map(|i| ((i * 37) % 101) as f32 / 20.0)
            .collect();
        let upstream: Vec<f32> = (0..4 * width)
            .map(|i| ((i * 53) % 97) as f32 / 50.0 - 1.0)
            .collect();
        let mut found: Option<(Vec<f32>, Vec<f32>)> = None;
        for level in Level::available() {
            let mut shares = scores.clone();
            softmax_prefixes(level, scale, &seen, width, &mut shares);
            let mut gradient = upstream.clone();
            softmax_prefixes_backward(level, scale, &seen, width, &shares, &mut gradient);
            for (r, &seen) in seen.iter().enumerate() {
                let row = r * width;
                let e = |i: usize| (f64::from(scale) * f64::from(scores[row + i])).exp();
                let sum: f64 = (0..seen).map(e).sum();
                let share = |i: usize| if i < seen { e(i) / sum } else { 0.0 };
                let mean: f64 = (0..seen)
                    .map(|i| share(i) * f64::from(upstream[row + i]))
                    .sum();
                for i in 0..width {
                    let got = f64::from(shares[row + i]);
                    assert!((got - share(i)).abs() < 1e-6, "{got} {}", share(i));
                    let change = f64::from(upstream[row + i]) - mean;
                    let expected = change * share(i) * f64::from(scale);
                    let got = f64::from(gradient[row + i]);
                    assert!((got - expected).abs() < 1e-6, "{got} {expected}");
                }
            }
            let both = (shares, gradient);
            assert_eq!(found.get_or_insert_with(|| both.clone()), &both);
        }
    }
}
