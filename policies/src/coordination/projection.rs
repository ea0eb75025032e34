//! Euclidean projection onto the probability simplex and onto what lies below it.
//!
//! # Source
//! MA-OC card, section 5 (notes): sort, find the threshold, subtract.

/// Moves `x` to the nearest point of `{x >= 0, sum x <= 1}`.
///
/// # Shapes
/// `scratch`: at least as long as `x`.
pub fn onto_sub_simplex(x: &mut [f64], scratch: &mut [f64]) {
    let clipped: f64 = x.iter().map(|v| v.max(0.0)).sum();
    if clipped <= 1.0 {
        for v in x {
            *v = v.max(0.0);
        }
    } else {
        onto_simplex(x, scratch);
    }
}

/// Moves `x` to the nearest point of `{x >= 0, sum x = 1}`.
///
/// # Shapes
/// `scratch`: at least as long as `x`.
pub fn onto_simplex(x: &mut [f64], scratch: &mut [f64]) {
    let sorted = &mut scratch[..x.len()];
    sorted.copy_from_slice(x);
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let Some(&largest) = sorted.first() else {
        return;
    };
    // Adding the same to all entries moves no projection; beside the largest, the others keep
    // their digits however far out the point is.
    let mut sum = 0.0;
    let mut theta = -1.0;
    for (k, v) in sorted.iter().enumerate() {
        let v = v - largest;
        sum += v;
        let threshold = (sum - 1.0) / (k + 1) as f64;
        if v <= threshold {
            break;
        }
        theta = threshold;
    }
    for v in x {
        *v = (*v - largest - theta).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn projected(v: &[f64], onto: fn(&mut [f64], &mut [f64])) -> Vec<f64> {
        let mut x = v.to_vec();
        onto(&mut x, &mut vec![0.0; v.len()]);
        x
    }

    #[test]
    fn what_is_inside_stays_and_the_rest_falls_onto_the_border() {
        assert_eq!(projected(&[0.25, 0.25], onto_sub_simplex), [0.25, 0.25]);
        assert_eq!(projected(&[0.25, 0.25], onto_simplex), [0.5, 0.5]);
        assert_eq!(projected(&[-1.0, 0.5], onto_sub_simplex), [0.0, 0.5]);
        assert_eq!(projected(&[1e100, 3.0], onto_sub_simplex), [1.0, 0.0]);
        assert!(projected(&[], onto_sub_simplex).is_empty());
    }

    /// The projection by trying every support, whose threshold then follows from the sum.
    fn by_supports(v: &[f64]) -> Vec<f64> {
        let clipped: Vec<f64> = v.iter().map(|v| v.max(0.0)).collect();
        if clipped.iter().sum::<f64>() <= 1.0 {
            return clipped;
        }
        let distance = |x: &[f64]| -> f64 { x.iter().zip(v).map(|(x, v)| (x - v).powi(2)).sum() };
        let mut best: Option<Vec<f64>> = None;
        for support in 1_u32..1 << v.len() {
            let inside = |i: usize| support >> i & 1 == 1;
            let sum: f64 = (0..v.len()).filter(|&i| inside(i)).map(|i| v[i]).sum();
            let theta = (sum - 1.0) / f64::from(support.count_ones());
            let x: Vec<f64> = (0..v.len())
                .map(|i| if inside(i) { v[i] - theta } else { 0.0 })
                .collect();
            let nearer = best
                .as_ref()
                .is_none_or(|best| distance(&x) < distance(best));
            if x.iter().all(|&x| x >= 0.0) && nearer {
                best = Some(x);
            }
        }
        best.unwrap()
    }

    proptest! {
        #[test]
        fn it_is_the_nearest_point(
            v in prop::collection::vec(-3.0..3.0f64, 1..7),
            w in prop::collection::vec(-3.0..3.0f64, 7),
        ) {
            let x = projected(&v, onto_sub_simplex);
            for (got, expected) in x.iter().zip(by_supports(&v)) {
                prop_assert!((got - expected).abs() < 1e-12, "{x:?}");
            }
            // Karush-Kuhn-Tucker: v - x is one constant on the support and at most that off it.
            let sum: f64 = x.iter().sum();
            prop_assert!(x.iter().all(|&x| x >= 0.0) && sum <= 1.0 + 1e-12);
            let constant = if sum < 1.0 - 1e-9 {
                0.0
            } else {
                let gaps = x.iter().zip(&v).filter(|(x, _)| **x > 0.0).map(|(x, v)| v - x);
                gaps.fold(f64::NEG_INFINITY, f64::max)
            };
            prop_assert!(constant >= -1e-12);
            for (x, v) in x.iter().zip(&v) {
                let gap = v - x;
                let holds = if *x > 0.0 { (gap - constant).abs() < 1e-12 } else { gap <= constant + 1e-12 };
                prop_assert!(holds, "{gap} against {constant}");
            }
            // Idempotent and non-expansive.
            for (once, twice) in x.iter().zip(projected(&x, onto_sub_simplex)) {
                prop_assert!((once - twice).abs() < 1e-15);
            }
            let w = &w[..v.len()];
            let y = projected(w, onto_sub_simplex);
            let apart = |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum() };
            prop_assert!(apart(&x, &y) <= apart(&v, w) + 1e-12);
        }
    }
}
