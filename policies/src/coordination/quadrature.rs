//! Integration over the surrogate's variable.

/// Nodes of one panel: exact for polynomials of degree 47, which leaves room for the exponential.
const NODES: usize = 24;
/// A panel next to 1 covers this many e-foldings of the weight.
const FOLDINGS: f64 = 8.0;

/// Nodes `z` in [0, 1] with weights that integrate `e^(rho (z - 1)) g(z)`.
pub(super) fn surrogate_nodes(rho: f64) -> Vec<(f64, f64)> {
    let rule = gauss_legendre();
    let mut nodes = Vec::new();
    // Panels double from 1 on down, until the weight is of no account.
    let mut far = 0.0;
    let mut width = (FOLDINGS / rho).min(1.0);
    while far < 1.0 && rho * far < 10.0 * FOLDINGS {
        let half = width.min(1.0 - far) / 2.0;
        for (x, w) in rule {
            let from_end = far + half * (1.0 + x);
            nodes.push((1.0 - from_end, half * w * libm::exp(-rho * from_end)));
        }
        far += 2.0 * half;
        width *= 2.0;
    }
    nodes
}

/// Nodes and weights on [-1, 1], by Newton's method on the Legendre polynomial.
fn gauss_legendre() -> [(f64, f64); NODES] {
    const STEPS: usize = 20;
    let n = NODES as f64;
    std::array::from_fn(|i| {
        let mut x = libm::cos(std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5));
        let mut slope = 1.0;
        for _ in 0..STEPS {
            let (mut before, mut value) = (1.0, x);
            for k in 2..=NODES {
                let k = k as f64;
                let next = ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k;
                (before, value) = (value, next);
            }
            slope = n * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    })
}

#[cfg(test)]
mod tests {
    use super::super::sampling::surrogate_mass;
    use super::*;

    #[test]
    fn the_mass_and_the_mean_are_the_closed_forms() {
        for rho in [1e-9, 0.1, 1.0, 7.9, 30.0, 2000.0] {
            let nodes = surrogate_nodes(rho);
            let mass: f64 = nodes.iter().map(|(_, w)| w).sum();
            let expected = surrogate_mass(rho);
            assert!((mass / expected - 1.0).abs() < 1e-12, "{rho}: {mass}");
            if rho > 0.01 {
                let mean: f64 = nodes.iter().map(|(z, w)| z * w).sum::<f64>() / mass;
                let expected = 1.0 / (1.0 - libm::exp(-rho)) - 1.0 / rho;
                assert!((mean - expected).abs() < 1e-12, "{rho}: {mean}");
            }
        }
    }

    #[test]
    fn polynomials_are_integrated_exactly() {
        let nodes = surrogate_nodes(0.0);
        for degree in [1, 5, 19, 40] {
            let got: f64 = nodes.iter().map(|(z, w)| w * z.powi(degree)).sum();
            let expected = 1.0 / f64::from(degree + 1);
            assert!((got - expected).abs() < 1e-13, "{degree}: {got}");
        }
    }
}
