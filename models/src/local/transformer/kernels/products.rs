//! Matrix products on slices, by the `gemm` crate.
#![expect(
    unsafe_code,
    reason = "the gemm crate takes pointers; bounds are checked before the call"
)]

use gemm::Parallelism;

/// A matrix in a slice, any steps between rows and columns.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    values: &'a [f32],
    rows: usize,
    columns: usize,
    row_step: usize,
    column_step: usize,
}

impl<'a> Matrix<'a> {
    /// Row after row, without gaps.
    pub(super) fn new(values: &'a [f32], rows: usize, columns: usize) -> Self {
        Self::with_step(values, rows, columns, columns)
    }

    /// Rows that begin `row_step` numbers apart.
    pub(super) fn with_step(
        values: &'a [f32],
        rows: usize,
        columns: usize,
        row_step: usize,
    ) -> Self {
        assert!(
            last_index(rows, columns, row_step, 1) < values.len(),
            "matrix of {rows} x {columns} (step {row_step}) in {} numbers",
            values.len()
        );
        Self {
            values,
            rows,
            columns,
            row_step,
            column_step: 1,
        }
    }

    /// The transposed matrix.
    pub(super) fn t(self) -> Self {
        Self {
            values: self.values,
            rows: self.columns,
            columns: self.rows,
            row_step: self.column_step,
            column_step: self.row_step,
        }
    }
}

fn last_index(rows: usize, columns: usize, row_step: usize, column_step: usize) -> usize {
    assert!(rows > 0 && columns > 0, "empty matrix");
    (rows - 1) * row_step + (columns - 1) * column_step
}

/// What happens to the numbers that stand in the target.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Before {
    Replaced,
    AddedTo,
}

/// On how many threads a product runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Threads {
    /// On all of rayon's.
    All,
    /// On the caller's, which is itself one of many.
    One,
}

/// `target = lhs * rhs`, or `target += lhs * rhs`; rows of the target are `row_step` apart.
pub(super) fn multiply(
    target: &mut [f32],
    row_step: usize,
    before: Before,
    lhs: Matrix<'_>,
    rhs: Matrix<'_>,
    threads: Threads,
) {
    assert_eq!(lhs.columns, rhs.rows, "inner sizes of a matrix product");
    let (m, n, k) = (lhs.rows, rhs.columns, lhs.columns);
    assert!(n <= row_step || m == 1, "rows of a product overlap");
    assert!(
        last_index(m, n, row_step, 1) < target.len(),
        "product of {m} x {n} (step {row_step}) into {} numbers",
        target.len()
    );
    let parallelism = match threads {
        Threads::All if rayon::current_num_threads() > 1 => {
            Parallelism::Rayon(rayon::current_num_threads())
        }
        _ => Parallelism::None,
    };
    // SAFETY: `Matrix` and the assertions above keep every index of the three matrices inside its
    // slice, and the target is borrowed mutably, so it overlaps neither factor.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            target.as_mut_ptr(),
            1,
            row_step as isize,
            before == Before::AddedTo,
            lhs.values.as_ptr(),
            lhs.column_step as isize,
            lhs.row_step as isize,
            rhs.values.as_ptr(),
            rhs.column_step as isize,
            rhs.row_step as isize,
            1.0,
            1.0,
            false,
            false,
            false,
            parallelism,
        );
    }
}

/// `input * weight^T (+ bias)` for `input` `[rows, inner]` and `weight` `[outer, inner]`.
pub(super) fn linear(
    input: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    rows: usize,
    inner: usize,
) -> Vec<f32> {
    let outer = weight.len() / inner;
    let mut output = vec![0.0; rows * outer];
    let before = match bias {
        Some(bias) => {
            for row in output.chunks_exact_mut(outer) {
                row.copy_from_slice(bias);
            }
            Before::AddedTo
        }
        None => Before::Replaced,
    };
    multiply(
        &mut output,
        outer,
        before,
        Matrix::new(input, rows, inner),
        Matrix::new(weight, outer, inner).t(),
        Threads::All,
    );
    output
}

/// The weight's gradient of [`linear`]: `gradient^T * input`.
pub(super) fn weight_gradient(target: &mut [f32], gradient: &[f32], input: &[f32], rows: usize) {
    let (outer, inner) = (gradient.len() / rows, input.len() / rows);
    multiply(
        target,
        inner,
        Before::Replaced,
        Matrix::new(gradient, rows, outer).t(),
        Matrix::new(input, rows, inner),
        Threads::All,
    );
}

/// The input's gradient of [`linear`]: `gradient * weight`.
pub(super) fn input_gradient(
    target: &mut [f32],
    before: Before,
    gradient: &[f32],
    weight: &[f32],
    rows: usize,
) {
    let (outer, inner) = (gradient.len() / rows, target.len() / rows);
    multiply(
        target,
        inner,
        before,
        Matrix::new(gradient, rows, outer),
        Matrix::new(weight, outer, inner),
        Threads::All,
    );
}

/// The bias's gradient: the sum over rows, from the first to the last.
pub(super) fn bias_gradient(target: &mut [f32], gradient: &[f32]) {
    target.fill(0.0);
    for row in gradient.chunks_exact(target.len()) {
        for (sum, x) in target.iter_mut().zip(row) {
            *sum += x;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same by three plain loops.
    fn plain(lhs: Matrix<'_>, rhs: Matrix<'_>, row: usize, column: usize) -> f64 {
        let at = |m: Matrix<'_>, r, c| f64::from(m.values[r * m.row_step + c * m.column_step]);
        (0..lhs.columns)
            .map(|ix| at(lhs, row, ix) * at(rhs, ix, column))
            .sum()
    }

    proptest! {
        #[test]
        fn products_agree_with_plain_loops(
            m in 1usize..40, n in 1usize..40, k in 1usize..40, gap in 0usize..5,
            turned in any::<(bool, bool)>(), added: bool, threads: bool,
        ) {
            let numbers = |count: usize, phase: f32| -> Vec<f32> {
                (0..count).map(|ix| (ix as f32 * 0.7 + phase).sin()).collect()
            };
            let make = |turned: bool, values, rows, columns| if turned {
                Matrix::with_step(values, columns, rows, rows + gap).t()
            } else {
                Matrix::with_step(values, rows, columns, columns + gap)
            };
            let (a, b) = (numbers((m + gap) * (k + gap), 0.1), numbers((n + gap) * (k + gap), 0.4));
            let (a, b) = (numbers(a.len() * 2, 0.1), numbers(b.len() * 2, 0.4));
            let (lhs, rhs) = (make(turned.0, &a, m, k), make(turned.1, &b, k, n));
            let start = numbers(m * (n + gap), 0.9);
            let mut target = start.clone();
            let before = if added { Before::AddedTo } else { Before::Replaced };
            let threads = if threads { Threads::All } else { Threads::One };
            multiply(&mut target, n + gap, before, lhs, rhs, threads);
            for row in 0..m {
                for column in 0..n + gap {
                    let at = row * (n + gap) + column;
                    let expected = if column >= n {
                        f64::from(start[at])
                    } else {
                        plain(lhs, rhs, row, column) + if added { f64::from(start[at]) } else { 0.0 }
                    };
                    prop_assert!((f64::from(target[at]) - expected).abs() < 1e-4);
                }
            }
        }
    }
}
