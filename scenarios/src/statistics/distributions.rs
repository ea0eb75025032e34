//! Distribution functions and quantiles: normal, Student t, beta and binomial.
//!
//! Written on `libm` alone, so that results are equal on every platform. Quantiles are found by
//! bisection on the distribution function, which is slow but cannot go astray.

/// Steps of a bisection: enough to reach the resolution of `f64` on the intervals used here.
const BISECTIONS: usize = 60;

/// Probability that a standard normal variable is at most `x`.
pub fn normal_cdf(x: f64) -> f64 {
    0.5 * libm::erfc(-x / core::f64::consts::SQRT_2)
}

/// The value a standard normal variable exceeds with probability `1 - p`.
///
/// Infinite at `p` of 0 and 1, not a number outside `0..=1`.
pub fn normal_quantile(p: f64) -> f64 {
    if !(0.0..=1.0).contains(&p) {
        return f64::NAN;
    }
    if p == 0.0 {
        return f64::NEG_INFINITY;
    }
    if p == 1.0 {
        return f64::INFINITY;
    }
    bisect(-39.0, 39.0, |x| normal_cdf(x) < p)
}

/// Regularised incomplete beta function: probability that a beta variable with parameters `a`
/// and `b` is at most `x`. Both parameters must be positive; `x` is cut to `0..=1`.
pub fn beta_cdf(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = libm::exp(
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
            + a * libm::log(x)
            + b * libm::log1p(-x),
    );
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

/// Continued fraction of the incomplete beta function, by the modified method of Lentz.
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const TINY: f64 = 1e-300;
    let away_from_zero = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..=2000_u32 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / away_from_zero(1.0 + even * d);
        c = away_from_zero(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / away_from_zero(1.0 + odd * d);
        c = away_from_zero(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-15 {
            break;
        }
    }
    fraction
}

/// Probability that a Student t variable with `df` degrees of freedom is at least `t` in size,
/// on both sides together.
pub fn t_two_sided(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    if df > 1e7 {
        return libm::erfc(t.abs() / core::f64::consts::SQRT_2);
    }
    beta_cdf(df / 2.0, 0.5, df / (df + t * t))
}

/// The positive value whose two tails hold `1 - level` of a Student t variable: 1.96 for a level
/// of 0.95 and many degrees of freedom. `df` may be broken and must be positive.
pub fn t_critical(level: f64, df: f64) -> f64 {
    let tails = 1.0 - level;
    if df > 1e7 {
        return normal_quantile(1.0 - tails / 2.0);
    }
    let mut high = 2.0;
    while t_two_sided(high, df) > tails && high < 1e12 {
        high *= 2.0;
    }
    bisect(0.0, high, |t| t_two_sided(t, df) > tails)
}

/// Probability of at most `k` successes in `n` fair coin throws.
pub fn fair_binomial_cdf(k: u64, n: u64) -> f64 {
    if k >= n {
        return 1.0;
    }
    beta_cdf((n - k) as f64, k as f64 + 1.0, 0.5)
}

/// The place in `low..high` where `is_below` turns from true to false.
fn bisect(mut low: f64, mut high: f64, is_below: impl Fn(f64) -> bool) -> f64 {
    for _ in 0..BISECTIONS {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// Exact one-sided upper bound of a probability after `k` events in `n` trials, by Clopper and
/// Pearson; 1 when every trial had one or there was none.
///
/// # Source
/// Clopper and Pearson (1934); with no events it is `1 - (1 - level)^(1/n)`.
pub fn upper_bound(k: u64, n: u64, level: f64) -> f64 {
    if k >= n {
        return 1.0;
    }
    let (a, b) = (k as f64 + 1.0, (n - k) as f64);
    bisect(0.0, 1.0, |p| beta_cdf(a, b, p) < level)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: f64, want: f64, tolerance: f64) {
        assert!((got - want).abs() <= tolerance, "got {got}, want {want}");
    }

    #[test]
    fn normal_agrees_with_tables() {
        close(normal_cdf(1.0), 0.841_344_746, 1e-9);
        close(normal_quantile(0.975), 1.959_963_985, 1e-9);
        close(normal_quantile(0.8), 0.841_621_234, 1e-9);
        assert_eq!(normal_quantile(0.0), f64::NEG_INFINITY);
        assert!(normal_quantile(1.5).is_nan());
    }

    #[test]
    fn student_t_agrees_with_tables() {
        for (df, want) in [
            (1.0, 12.706_204_7),
            (2.0, 4.302_652_7),
            (5.0, 2.570_581_8),
            (10.0, 2.228_138_9),
            (39.0, 2.022_690_9),
            (120.0, 1.979_930_4),
            (1e9, 1.959_964_0),
        ] {
            close(t_critical(0.95, df), want, 1e-6);
        }
        close(t_critical(0.99, 10.0), 3.169_272_7, 1e-6);
        close(t_two_sided(1.0, 1.0), 0.5, 1e-12);
    }

    #[test]
    fn beta_and_binomial_agree_with_closed_forms() {
        close(beta_cdf(2.0, 1.0, 0.3), 0.09, 1e-12);
        close(beta_cdf(1.0, 3.0, 0.3), 1.0 - 0.343, 1e-12);
        close(beta_cdf(0.5, 0.5, 0.25), 1.0 / 3.0, 1e-12);
        close(fair_binomial_cdf(1, 6), 7.0 / 64.0, 1e-12);
        close(fair_binomial_cdf(0, 5), 1.0 / 32.0, 1e-12);
        assert_eq!(fair_binomial_cdf(5, 5), 1.0);
    }

    #[test]
    fn upper_bounds_are_exact() {
        close(
            upper_bound(0, 60, 0.95),
            1.0 - libm::pow(0.05, 1.0 / 60.0),
            1e-9,
        );
        close(upper_bound(0, 60, 0.95), 0.0487, 1e-4);
        // One of one and none of none say nothing.
        assert_eq!(
            (upper_bound(1, 1, 0.95), upper_bound(0, 0, 0.95)),
            (1.0, 1.0)
        );
        close(upper_bound(1, 2, 0.95), libm::sqrt(0.95), 1e-9);
    }
}
