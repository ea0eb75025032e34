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

fn multiply(a: &[f64], b: &[f64], out: &mut [f64], n: usize) {
    out.fill(0.0);
    for i in 0..n {
        for k in 0..n {
            let x = a[i * n + k];
            if x != 0.0 {
                for j in 0..n {
                    out[i * n + j] += x * b[k * n + j];
                }
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
