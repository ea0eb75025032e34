//! What is known of one target, and how a measurement changes it.

use std::f64::consts::PI;

use super::config::Sensor;
use crate::coordination::objectives::Symmetric;

/// A measurement model made linear around a place: `z = h + H (o - mean)`, with independent noise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Linear {
    /// Range and bearing that are expected.
    pub expected: [f64; 2],
    /// `H`, by rows: of the range, of the bearing.
    pub rows: [[f64; 2]; 2],
    /// `R`, variances of range and bearing.
    pub variances: [f64; 2],
}

impl Linear {
    /// What a sensor at `from` measures of a target at `mean`. The range in `H` and `R` is never
    /// below [`Sensor::least_range`].
    pub fn at(sensor: &Sensor, from: [f64; 2], mean: [f64; 2]) -> Self {
        let (dx, dy) = (mean[0] - from[0], mean[1] - from[1]);
        let range = (dx * dx + dy * dy).sqrt();
        let r = range.max(sensor.least_range);
        let range_noise = sensor.range_noise + sensor.range_noise_slope * r;
        let bearing_noise = sensor.bearing_noise_rad;
        Self {
            expected: [range, libm::atan2(dy, dx)],
            rows: [[dx / r, dy / r], [-dy / (r * r), dx / (r * r)]],
            variances: [range_noise * range_noise, bearing_noise * bearing_noise],
        }
    }

    /// `J = Hᵀ R⁻¹ H`.
    pub fn information(&self) -> Symmetric {
        let mut sum = [0.0; 3];
        for ([x, y], variance) in self.rows.iter().zip(self.variances) {
            sum[0] += x * x / variance;
            sum[1] += x * y / variance;
            sum[2] += y * y / variance;
        }
        Symmetric(sum)
    }

    /// `Hᵀ R⁻¹ (z - h)`, the difference of bearings taken the short way round.
    fn pull(&self, measured: [f64; 2]) -> [f64; 2] {
        let residuals = [
            measured[0] - self.expected[0],
            wrapped(measured[1] - self.expected[1]),
        ];
        let mut sum = [0.0; 2];
        for ((row, variance), residual) in self.rows.iter().zip(self.variances).zip(residuals) {
            sum[0] += row[0] * residual / variance;
            sum[1] += row[1] * residual / variance;
        }
        sum
    }
}

/// An angle in `-π..π`.
fn wrapped(angle: f64) -> f64 {
    let turns = ((angle + PI) / (2.0 * PI)).floor();
    angle - turns * 2.0 * PI
}

/// What is known of one target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// Where it probably is.
    pub mean: [f64; 2],
    /// `P`.
    pub covariance: Symmetric,
}

impl Estimate {
    /// The target drifts by `drift` along each axis: `P⁻ = P + q² I`.
    pub fn predict(&mut self, drift: f64) {
        self.covariance = self.covariance.widened(drift * drift);
    }

    /// Takes all measurements `(from, [range, bearing])` of a round in at once, each made linear
    /// around the predicted mean.
    pub fn update(
        &mut self,
        sensor: &Sensor,
        measurements: impl Iterator<Item = ([f64; 2], [f64; 2])>,
    ) {
        let mut precision = self.covariance.inverse().0;
        let mut pull = [0.0; 2];
        for (from, measured) in measurements {
            let linear = Linear::at(sensor, from, self.mean);
            for (sum, more) in precision.iter_mut().zip(linear.information().0) {
                *sum += more;
            }
            for (sum, more) in pull.iter_mut().zip(linear.pull(measured)) {
                *sum += more;
            }
        }
        self.covariance = Symmetric(precision).inverse();
        let [x, y] = self.covariance.times(pull);
        self.mean = [self.mean[0] + x, self.mean[1] + y];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearings_differ_the_short_way_round() {
        for (angle, expected) in [
            (3.0 * PI / 2.0, -PI / 2.0),
            (-PI, -PI),
            (PI, -PI),
            (0.5, 0.5),
        ] {
            assert!((wrapped(angle) - expected).abs() < 1e-12, "{angle}");
        }
    }

    #[test]
    fn no_measurement_changes_nothing_and_an_exact_one_pulls_the_mean() {
        let sensor = Sensor {
            range_noise: 1e-4,
            range_noise_slope: 0.0,
            bearing_noise_rad: 1e-4,
            least_range: 0.5,
        };
        let before = Estimate {
            mean: [3.0, 1.0],
            covariance: Symmetric([2.0, 0.5, 1.0]),
        };
        let mut after = before;
        after.update(&sensor, std::iter::empty());
        assert_eq!(after.mean, before.mean);
        for (a, b) in after.covariance.0.iter().zip(before.covariance.0) {
            assert!((a - b).abs() < 1e-12);
        }
        let truth = [3.05_f64, 1.02];
        let measured = [
            (truth[0] * truth[0] + truth[1] * truth[1]).sqrt(),
            libm::atan2(truth[1], truth[0]),
        ];
        after.update(&sensor, std::iter::once(([0.0; 2], measured)));
        // What is left is the curvature of the model.
        assert!((after.mean[0] - truth[0]).abs() < 1e-3, "{after:?}");
        assert!((after.mean[1] - truth[1]).abs() < 1e-3, "{after:?}");
        assert!(after.covariance.trace() < 1e-6);
    }
}
