//! Draws from policies on the sub-simplex, and of the surrogate's integration variable.
//!
//! # Source
//! MA-OC card, sections 3, 4 and 10.

/// Below this the surrogate weight is taken as its series around 0.
const TINY_RHO: f64 = 1e-6;
/// A sum this near to 1 leaves no mass for "no action".
const FULL: f64 = 1e-12;

/// Draws from `x` in `{x >= 0, sum x <= 1}` by the uniform number `u` in [0, 1); the missing mass is `None`.
pub fn draw(x: &[f64], u: f64) -> Option<u32> {
    let mut rest = u;
    let mut last = None;
    let mut sum = 0.0;
    for (action, &p) in x.iter().enumerate() {
        if p > 0.0 {
            if rest < p {
                return Some(action as u32);
            }
            rest -= p;
            sum += p;
            last = Some(action as u32);
        }
    }
    // Rounding must not turn the end of a full policy into "no action".
    if sum >= 1.0 - FULL { last } else { None }
}

/// `M_rho = (1 - e^-rho) / rho`, the integral of `e^(rho (z - 1))` over [0, 1].
pub fn surrogate_mass(rho: f64) -> f64 {
    if rho < TINY_RHO {
        1.0 - rho / 2.0
    } else {
        -libm::expm1(-rho) / rho
    }
}

/// `z` in [0, 1] with density proportional to `e^(rho (z - 1))`, by the uniform number `u`.
pub fn surrogate_z(rho: f64, u: f64) -> f64 {
    if rho < TINY_RHO {
        return u;
    }
    let least = libm::exp(-rho);
    (1.0 + libm::log(least + u * (1.0 - least)) / rho).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_the_masses_and_the_rest_is_no_action() {
        let x = [0.25, 0.0, 0.5];
        assert_eq!(draw(&x, 0.0), Some(0));
        assert_eq!(draw(&x, 0.25), Some(2));
        assert_eq!(draw(&x, 0.74), Some(2));
        assert_eq!(draw(&x, 0.75), None);
        let thirds = [1.0 / 3.0; 3];
        assert_eq!(draw(&thirds, 1.0 - f64::EPSILON / 2.0), Some(2));
        assert_eq!(draw(&[], 0.5), None);
    }

    #[test]
    fn the_sampler_has_its_ends_and_its_mass() {
        for rho in [0.0, 1e-9, 0.3, 1.0, 5.0, 800.0] {
            assert!(surrogate_z(rho, 0.0) <= 1e-12 || rho > 700.0);
            assert!((surrogate_z(rho, 1.0) - 1.0).abs() < 1e-12);
        }
        assert!((surrogate_mass(1.0) - 0.632_120_558_828_557_7).abs() < 1e-15);
        assert!((surrogate_mass(1e-7) - (1.0 - 5e-8)).abs() < 1e-15);
    }
}
