//! The registers of attention: scores, weights and sums of a few query rows.
//!
//! The score of a query and a key is a chain of fused multiply-adds over the head's dimension;
//! 16 keys lie side by side. Weights are exponentials after subtracting the row's largest score;
//! their sum has one lane for each position modulo 16, so it does not depend on where a chunk of
//! the prompt or a block of the cache begins. Values add up in the order of their positions.
#![expect(
    clippy::needless_range_loop,
    reason = "several arrays of registers are indexed alike"
)]

use super::attention::{Attention, QueryRow, Stretch16};
use super::rows::capped;
use crate::kernels::exp;
use crate::kernels::{LANES, Lanes};

/// `R` rows; scores of `C` times 16 keys and sums of `D` times 16 values are held at once.
#[inline(always)]
pub(super) unsafe fn attend_rows<L: Lanes, const R: usize, const C: usize, const D: usize>(
    attention: &Attention,
    rows: &[QueryRow],
    stretches: &[Stretch16],
    scores: &mut Vec<f32>,
) {
    let first = rows.iter().map(|row| row.first).min().unwrap_or(0) / LANES;
    let last = rows.iter().map(|row| row.last).max().unwrap_or(0);
    let count = last / LANES + 1 - first;
    let width = count * LANES;
    scores.clear();
    scores.resize(R * width, 0.0);
    let stretches = &stretches[first..first + count];
    let scores = scores.as_mut_ptr();
    // SAFETY: the caller vouches for rows and stretches; `scores` has `R` rows of `width`.
    unsafe {
        let mut chunk = 0;
        while chunk + C <= count {
            score::<L, R, C>(
                attention,
                rows,
                &stretches[chunk..],
                scores.add(chunk * LANES),
                width,
            );
            chunk += C;
        }
        while chunk < count {
            score::<L, R, 1>(
                attention,
                rows,
                &stretches[chunk..],
                scores.add(chunk * LANES),
                width,
            );
            chunk += 1;
        }
        let mut sums = [0.0; R];
        for r in 0..R {
            let scores = std::slice::from_raw_parts_mut(scores.add(r * width), width);
            scores[..rows[r].first - first * LANES].fill(f32::NEG_INFINITY);
            scores[rows[r].last + 1 - first * LANES..].fill(f32::NEG_INFINITY);
            sums[r] = weigh::<L>(scores);
        }
        // Positions past the last one seen are never read: they may hold anything.
        let positions = last + 1 - first * LANES;
        let mut start = 0;
        while start + D * LANES <= attention.head_dim {
            collect::<L, R, D, true>(
                attention, rows, stretches, scores, width, positions, start, &sums,
            );
            start += D * LANES;
        }
        while start < attention.head_dim {
            collect::<L, R, 1, false>(
                attention, rows, stretches, scores, width, positions, start, &sums,
            );
            start += LANES;
        }
    }
}

/// Scores of `R` queries and the first `C` stretches, to `scores[r * width ..]`.
#[inline(always)]
unsafe fn score<L: Lanes, const R: usize, const C: usize>(
    attention: &Attention,
    rows: &[QueryRow],
    stretches: &[Stretch16],
    scores: *mut f32,
    width: usize,
) {
    // SAFETY: the caller vouches for `R` rows and `C` stretches, and for room for the scores.
    unsafe {
        let mut acc = [[L::splat(0.0); C]; R];
        let mut keys = [std::ptr::null(); C];
        for c in 0..C {
            keys[c] = stretches[c].keys;
        }
        let stride = stretches[0].key_stride;
        let mut queries = [std::ptr::null(); R];
        for r in 0..R {
            queries[r] = rows[r].query;
        }
        for d in 0..attention.head_dim {
            let mut key = [L::splat(0.0); C];
            for c in 0..C {
                key[c] = L::load(keys[c].add(d * stride));
            }
            for r in 0..R {
                let query = L::splat(*queries[r].add(d));
                for c in 0..C {
                    acc[r][c] = query.mul_add(key[c], acc[r][c]);
                }
            }
        }
        let scale = L::splat(attention.scale);
        for r in 0..R {
            for c in 0..C {
                let mut value = acc[r][c].mul(scale);
                if let Some(cap) = attention.softcap {
                    value = capped(value, cap);
                }
                value.store(scores.add(r * width + c * LANES));
            }
        }
    }
}

/// Replaces scores by their exponentials over the largest; returns the sum of these.
#[inline(always)]
unsafe fn weigh<L: Lanes>(scores: &mut [f32]) -> f32 {
    // SAFETY: the scores are whole groups of 16.
    unsafe {
        let mut largest = L::splat(f32::NEG_INFINITY);
        for at in (0..scores.len()).step_by(LANES) {
            largest = largest.max(L::load(scores.as_ptr().add(at)));
        }
        let largest = L::splat(largest.maximum());
        let mut sum = L::splat(0.0);
        for at in (0..scores.len()).step_by(LANES) {
            let at = scores.as_mut_ptr().add(at);
            let weight = exp(L::load(at).sub(largest));
            weight.store(at);
            sum = sum.add(weight);
        }
        sum.sum()
    }
}

/// Weighted sums of the values' dimensions from `start`, `D` times 16 of them, over the weights'
/// sum; `WHOLE` says that so many are there.
#[inline(always)]
unsafe fn collect<L: Lanes, const R: usize, const D: usize, const WHOLE: bool>(
    attention: &Attention,
    rows: &[QueryRow],
    stretches: &[Stretch16],
    weights: *const f32,
    width: usize,
    positions: usize,
    start: usize,
    sums: &[f32; R],
) {
    // SAFETY: the caller vouches for `R` rows, and for the stretches up to `positions`; a part of
    // 16 dimensions is read and written as a part.
    unsafe {
        let dims = attention.head_dim - start;
        let mut acc = [[L::splat(0.0); D]; R];
        let mut position = 0;
        for stretch in stretches {
            let mut values = stretch.values.add(start);
            for _ in 0..LANES.min(positions - position) {
                let mut value = [L::splat(0.0); D];
                for d in 0..D {
                    value[d] = if WHOLE {
                        L::load(values.add(d * LANES))
                    } else {
                        L::load_part(values.add(d * LANES), dims - d * LANES)
                    };
                }
                for r in 0..R {
                    let weight = L::splat(*weights.add(r * width + position));
                    for d in 0..D {
                        acc[r][d] = weight.mul_add(value[d], acc[r][d]);
                    }
                }
                values = values.add(attention.head_dim);
                position += 1;
            }
        }
        for r in 0..R {
            let sum = L::splat(sums[r]);
            for d in 0..D {
                let to = rows[r].out.add(start + d * LANES);
                acc[r][d].div(sum).store_part(to, dims - d * LANES);
            }
        }
    }
}
