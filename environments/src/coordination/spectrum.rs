//! The largest eigenvalue of a small symmetric matrix.

/// Largest absolute eigenvalue of a symmetric matrix. Squaring it again and again leaves the
/// columns in its eigenspace, whose stretch under one multiplication is the eigenvalue.
pub(super) fn largest_eigenvalue(a: &[f64], n: usize) -> f64 {
    const SQUARINGS: usize = 50;
    const CLOSE: f64 = 1e-14;
    let mut power = a.to_vec();
    let mut next = vec![0.0; n * n];
    let mut found = 0.0;
    let mut still = 0;
    for _ in 0..SQUARINGS {
        let norm = power.iter().map(|x| x * x).sum::<f64>().sqrt();
        if norm < 1e-13 {
            return found;
        }
        for x in &mut power {
            *x /= norm;
        }
        let stretched = stretch(a, &power, n);
        still = if (stretched - found).abs() <= CLOSE {
            still + 1
        } else {
            0
        };
        found = stretched;
        if still == 3 {
            break;
        }
        multiply(&power, &power, &mut next, n);
        std::mem::swap(&mut power, &mut next);
    }
    found
}

/// `out = a b`. Every entry is summed in the order of `k`, four at a time while it is in a register.
fn multiply(a: &[f64], b: &[f64], out: &mut [f64], n: usize) {
    out.fill(0.0);
    for (row, out) in a.chunks_exact(n).zip(out.chunks_exact_mut(n)) {
        let (fours, rest) = row.as_chunks::<4>();
        let (head, tail) = b.split_at((n - rest.len()) * n);
        for ([x0, x1, x2, x3], rows) in fours.iter().zip(head.chunks_exact(4 * n)) {
            let (first, second) = rows.split_at(2 * n);
            let (first, second) = (first.split_at(n), second.split_at(n));
            let entries = first.0.iter().zip(first.1);
            let entries = entries.zip(second.0.iter().zip(second.1));
            for (out, ((b0, b1), (b2, b3))) in out.iter_mut().zip(entries) {
                *out = *out + x0 * b0 + x1 * b1 + x2 * b2 + x3 * b3;
            }
        }
        for (x, b) in rest.iter().zip(tail.chunks_exact(n)) {
            for (out, b) in out.iter_mut().zip(b) {
                *out += x * b;
            }
        }
    }
}

/// How much `a` stretches the longest row of `power`.
fn stretch(a: &[f64], power: &[f64], n: usize) -> f64 {
    let length = |v: &[f64]| v.iter().map(|x| x * x).sum::<f64>().sqrt();
    let rows = power.chunks_exact(n);
    let longest = rows.max_by(|v, w| length(v).total_cmp(&length(w)));
    let Some(v) = longest else { return 0.0 };
    let image: Vec<f64> = a
        .chunks_exact(n)
        .map(|row| row.iter().zip(v).map(|(x, y)| x * y).sum())
        .collect();
    length(&image) / length(v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_summed_in_order() {
        for n in 1..11 {
            let entry = |i: usize| libm::sin(i as f64 * 1.7) * libm::exp(i as f64 % 5.0);
            let a: Vec<f64> = (0..n * n).map(entry).collect();
            let b: Vec<f64> = (0..n * n).map(|i| entry(i + 7)).collect();
            let mut out = vec![f64::NAN; n * n];
            multiply(&a, &b, &mut out, n);
            for (at, out) in out.iter().enumerate() {
                let (i, j) = (at / n, at % n);
                let sum = (0..n).fold(0.0, |sum, k| sum + a[i * n + k] * b[k * n + j]);
                assert_eq!(*out, sum, "row {i}, column {j} of {n}");
            }
        }
    }
}
