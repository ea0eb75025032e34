//! A causal filter of its own for each channel, at one position.

use super::lanes::{LANES, Lanes};
use super::level::{Level, at_level};

/// Adds to `out` what a filter makes of the latest rows: `Σ_j filter[j][h] · rows[first + j][h]`.
///
/// # Shapes
/// `rows`: the window without what lies before the sequence, rows `step` apart; `filter`: `[taps, width]`, the last taps are
/// used when the window is shorter; `out`: `[width]`.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn filter(level: Level, filter: &[f32], rows: &[f32], step: usize, out: &mut [f32]) {
    let used = check(filter, rows, step, out.len());
    // SAFETY: the lengths were checked.
    unsafe { filter_at(level, used, rows, step, out) };
}

/// Adds the gradients of a filter and of the rows that it saw, given that of its result.
///
/// # Panics
/// When the shapes do not fit.
pub(crate) fn filter_backward(
    level: Level,
    filter: &[f32],
    rows: &[f32],
    step: usize,
    gradient: &[f32],
    filter_gradient: &mut [f32],
    rows_gradient: &mut [f32],
) {
    let used = check(filter, rows, step, gradient.len());
    assert_eq!(filter.len(), filter_gradient.len(), "gradient of a filter");
    assert_eq!(rows.len(), rows_gradient.len(), "gradient of filtered rows");
    let unused = filter.len() - used.len();
    let to_filter = &mut filter_gradient[unused..];
    // SAFETY: the lengths were checked.
    unsafe { backward_at(level, used, rows, step, gradient, to_filter, rows_gradient) };
}

/// The taps that meet a row.
fn check<'a>(filter: &'a [f32], rows: &[f32], step: usize, width: usize) -> &'a [f32] {
    assert!(
        width > 0 && width <= step && filter.len().is_multiple_of(width),
        "a filter's width"
    );
    let count = (rows.len() + step - width) / step;
    assert_eq!(rows.len(), (count - 1) * step + width, "filtered rows");
    assert!(count * width <= filter.len(), "more rows than taps");
    &filter[filter.len() - count * width..]
}

at_level! {
    unsafe fn filter_at(filter: &[f32], rows: &[f32], step: usize, out: &mut [f32]) = forward
}
at_level! {
    unsafe fn backward_at(
        filter: &[f32],
        rows: &[f32],
        step: usize,
        gradient: &[f32],
        filter_gradient: &mut [f32],
        rows_gradient: &mut [f32],
    ) = backward
}

#[inline(always)]
unsafe fn forward<L: Lanes>(filter: &[f32], rows: &[f32], step: usize, out: &mut [f32]) {
    let width = out.len();
    // SAFETY: the lengths were checked by the caller; parts end with the rows.
    unsafe {
        for at in (0..width).step_by(LANES) {
            let count = width - at;
            let to = out.as_mut_ptr().add(at);
            let mut sum = L::load_part(to, count);
            for tap in 0..filter.len() / width {
                let weight = L::load_part(filter.as_ptr().add(tap * width + at), count);
                let row = L::load_part(rows.as_ptr().add(tap * step + at), count);
                sum = weight.mul_add(row, sum);
            }
            sum.store_part(to, count);
        }
    }
}

#[inline(always)]
unsafe fn backward<L: Lanes>(
    filter: &[f32],
    rows: &[f32],
    step: usize,
    gradient: &[f32],
    filter_gradient: &mut [f32],
    rows_gradient: &mut [f32],
) {
    let width = gradient.len();
    // SAFETY: the lengths were checked by the caller; parts end with the rows.
    unsafe {
        for at in (0..width).step_by(LANES) {
            let count = width - at;
            let gradient = L::load_part(gradient.as_ptr().add(at), count);
            for tap in 0..filter.len() / width {
                let weight = L::load_part(filter.as_ptr().add(tap * width + at), count);
                let row = L::load_part(rows.as_ptr().add(tap * step + at), count);
                let to = filter_gradient.as_mut_ptr().add(tap * width + at);
                gradient
                    .mul_add(row, L::load_part(to, count))
                    .store_part(to, count);
                let to = rows_gradient.as_mut_ptr().add(tap * step + at);
                gradient
                    .mul_add(weight, L::load_part(to, count))
                    .store_part(to, count);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_window_meets_the_last_taps() {
        // Three taps of two channels; the window has two rows.
        let taps = [100.0, 100.0, 2.0, 3.0, 5.0, 7.0];
        let rows = [1.0, 10.0, 0.0, 4.0, 1.0];
        for level in Level::available() {
            let mut out = [0.5, 0.5];
            filter(level, &taps, &rows, 3, &mut out);
            assert_eq!(out, [0.5 + 2.0 + 20.0, 0.5 + 30.0 + 7.0]);
            let (mut to_taps, mut to_rows) = ([0.0; 6], [0.0; 5]);
            filter_backward(
                level,
                &taps,
                &rows,
                3,
                &[1.0, 2.0],
                &mut to_taps,
                &mut to_rows,
            );
            assert_eq!(to_taps, [0.0, 0.0, 1.0, 20.0, 4.0, 2.0]);
            assert_eq!(to_rows, [2.0, 6.0, 0.0, 5.0, 14.0]);
        }
    }
}
