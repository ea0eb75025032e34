//! Attention of a few query rows over the keys and values of one head, read block by block.

use super::attention_rows::attend_rows;
use crate::kernels::Lanes;
use crate::kernels::{Level, at_level};

/// Most query rows of one call.
pub(in crate::local::cpu) const QUERIES: usize = 8;

/// Sixteen consecutive positions of one head in the cache.
#[derive(Clone, Copy)]
pub(in crate::local::cpu) struct Stretch16 {
    /// Keys `[head_dim][16]`, at the first position.
    pub(in crate::local::cpu) keys: *const f32,
    /// Floats from one dimension to the next.
    pub(in crate::local::cpu) key_stride: usize,
    /// Values `[16][head_dim]`.
    pub(in crate::local::cpu) values: *const f32,
}

/// A query row and where its result goes.
#[derive(Clone, Copy)]
pub(in crate::local::cpu) struct QueryRow {
    /// The query, `[head_dim]`.
    pub(in crate::local::cpu) query: *const f32,
    /// The result, `[head_dim]`.
    pub(in crate::local::cpu) out: *mut f32,
    /// First position it sees.
    pub(in crate::local::cpu) first: usize,
    /// Last position it sees.
    pub(in crate::local::cpu) last: usize,
}

/// What all rows of a call share.
#[derive(Clone, Copy)]
pub(in crate::local::cpu) struct Attention {
    /// Width of queries, keys and values.
    pub(in crate::local::cpu) head_dim: usize,
    /// Factor on the scores.
    pub(in crate::local::cpu) scale: f32,
    /// Soft cap on the scaled scores.
    pub(in crate::local::cpu) softcap: Option<f32>,
}

/// Computes up to [`QUERIES`] rows; `stretches[i]` holds the positions from `16 * i`, of which
/// only those are read that some row sees. `scores` is scratch.
///
/// # Safety
/// The pointers are valid: keys for 16 lanes in each dimension, values up to the last position
/// seen. Nobody else touches the results.
pub(in crate::local::cpu) unsafe fn attend(
    level: Level,
    attention: &Attention,
    rows: &[QueryRow],
    stretches: &[Stretch16],
    scores: &mut Vec<f32>,
) {
    let mut rest = rows;
    while !rest.is_empty() {
        let size = match rest.len() {
            8.. => 8,
            4.. => 4,
            2.. => 2,
            _ => 1,
        };
        let (tile, others) = rest.split_at(size);
        // SAFETY: as the caller promises.
        unsafe { attend_at(level, attention, tile, stretches, scores) };
        rest = others;
    }
}

at_level! {
    unsafe fn attend_at(
        attention: &Attention,
        rows: &[QueryRow],
        stretches: &[Stretch16],
        scores: &mut Vec<f32>,
    ) = tile
}

#[inline(always)]
unsafe fn tile<L: Lanes>(
    attention: &Attention,
    rows: &[QueryRow],
    stretches: &[Stretch16],
    scores: &mut Vec<f32>,
) {
    // SAFETY: as the caller promises; the sizes are those of the slices.
    unsafe {
        if L::WIDE {
            match rows.len() {
                1 => attend_rows::<L, 1, 4, 4>(attention, rows, stretches, scores),
                2 => attend_rows::<L, 2, 4, 4>(attention, rows, stretches, scores),
                4 => attend_rows::<L, 4, 4, 4>(attention, rows, stretches, scores),
                _ => attend_rows::<L, 8, 3, 2>(attention, rows, stretches, scores),
            }
        } else {
            match rows.len() {
                1 => attend_rows::<L, 1, 4, 4>(attention, rows, stretches, scores),
                2 => attend_rows::<L, 2, 2, 2>(attention, rows, stretches, scores),
                4 => attend_rows::<L, 4, 1, 1>(attention, rows, stretches, scores),
                _ => {
                    attend_rows::<L, 4, 1, 1>(attention, &rows[..4], stretches, scores);
                    attend_rows::<L, 4, 1, 1>(attention, &rows[4..], stretches, scores);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::LANES;

    const DIM: usize = 24;

    fn numbers(count: usize, seed: usize) -> Vec<f32> {
        (0..count)
            .map(|i| ((i * 7919 + seed * 104_729) % 2003) as f32 / 1000.0 - 1.0)
            .collect()
    }

    /// Attention in `f64`, straight from the definition.
    fn reference(
        q: &[f32],
        keys: &[f32],
        values: &[f32],
        seen: (usize, usize),
        attention: &Attention,
    ) -> Vec<f64> {
        let scores: Vec<f64> = (seen.0..=seen.1)
            .map(|j| {
                let dot: f64 = (0..DIM)
                    .map(|d| f64::from(q[d]) * f64::from(keys[j * DIM + d]))
                    .sum();
                let score = dot * f64::from(attention.scale);
                attention.softcap.map_or(score, |cap| {
                    f64::from(cap) * (score / f64::from(cap)).tanh()
                })
            })
            .collect();
        let sum: f64 = scores.iter().map(|s| s.exp()).sum();
        (0..DIM)
            .map(|d| {
                let parts = scores.iter().enumerate();
                parts
                    .map(|(i, s)| s.exp() * f64::from(values[(seen.0 + i) * DIM + d]))
                    .sum::<f64>()
                    / sum
            })
            .collect()
    }

    #[test]
    fn rows_agree_with_the_definition_and_with_themselves_alone() {
        let positions = 53;
        let (keys, values) = (numbers(positions * DIM, 1), numbers(positions * DIM, 2));
        let queries = numbers(QUERIES * DIM, 3);
        // What lies past the last position must not matter.
        let mut transposed = vec![f32::NAN; 4 * LANES * DIM];
        let mut padded = vec![f32::NAN; 4 * LANES * DIM];
        for j in 0..positions {
            for d in 0..DIM {
                transposed[j / LANES * LANES * DIM + d * LANES + j % LANES] = keys[j * DIM + d];
                padded[j * DIM + d] = values[j * DIM + d];
            }
        }
        let stretches: Vec<Stretch16> = (0..4)
            .map(|i| Stretch16 {
                keys: transposed[i * LANES * DIM..].as_ptr(),
                key_stride: LANES,
                values: padded[i * LANES * DIM..].as_ptr(),
            })
            .collect();
        for softcap in [None, Some(2.0)] {
            let attention = Attention {
                head_dim: DIM,
                scale: 0.7,
                softcap,
            };
            let mut outcomes = Vec::new();
            for level in Level::available() {
                for batch in 1..=QUERIES {
                    let mut out = vec![0.0; QUERIES * DIM];
                    let to = out.as_mut_ptr();
                    let rows: Vec<QueryRow> = (0..QUERIES)
                        .map(|r| QueryRow {
                            query: queries[r * DIM..].as_ptr(),
                            out: to.wrapping_add(r * DIM),
                            first: 5 * r,
                            last: positions - QUERIES + r,
                        })
                        .collect();
                    for rows in rows.chunks(batch) {
                        // SAFETY: all pointers lie in the vectors above.
                        unsafe { attend(level, &attention, rows, &stretches, &mut Vec::new()) };
                    }
                    for (r, row) in rows.iter().enumerate() {
                        let seen = (row.first, row.last);
                        let expected =
                            reference(&queries[r * DIM..], &keys, &values, seen, &attention);
                        for (got, expected) in out[r * DIM..].iter().zip(expected) {
                            assert!(
                                (f64::from(*got) - expected).abs() < 1e-5,
                                "{got} {expected}"
                            );
                        }
                    }
                    outcomes.push(out.iter().map(|v| v.to_bits()).collect::<Vec<_>>());
                }
            }
            assert!(outcomes.iter().all(|bits| *bits == outcomes[0]));
        }
    }
}
