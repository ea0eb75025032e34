//! Running mean and deviation of observations.

/// Mean and squares of all observations so far, by Welford's recurrence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Whitening {
    count: f64,
    mean: Vec<f64>,
    /// Sums of squared deviations from the mean.
    squares: Vec<f64>,
}

/// Dimensions that vary less are left out of a policy.
const LEAST_DEVIATION: f64 = 1e-8;

impl Whitening {
    /// Of no observation yet.
    pub(super) fn new(size: usize) -> Self {
        Self {
            count: 0.0,
            mean: vec![0.0; size],
            squares: vec![0.0; size],
        }
    }

    /// Adds observations one after the other.
    ///
    /// # Shapes
    /// `[steps, observation]`.
    pub(super) fn add(&mut self, observations: &[f64]) {
        for row in observations.chunks_exact(self.mean.len()) {
            self.count += 1.0;
            for ((mean, square), number) in self.mean.iter_mut().zip(&mut self.squares).zip(row) {
                let off = number - *mean;
                *mean += off / self.count;
                *square += off * (number - *mean);
            }
        }
    }

    /// The mean.
    pub(super) fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// What a deviation from the mean is multiplied with: one over the deviation of the population, 0 for
    /// a dimension that never changed, and 1 while nothing was seen.
    pub(super) fn scale(&self) -> Vec<f64> {
        let scale = |square: &f64| {
            let deviation = (square / self.count).sqrt();
            match (self.count > 0.0, deviation < LEAST_DEVIATION) {
                (false, _) => 1.0,
                (true, true) => 0.0,
                (true, false) => 1.0 / deviation,
            }
        };
        self.squares.iter().map(scale).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_mean_and_deviation(numbers in prop::collection::vec(-1e3..1e3_f64, 2..60)) {
            let mut whitening = Whitening::new(2);
            let rows: Vec<f64> = numbers.iter().flat_map(|n| [*n, 3.0]).collect();
            let half = numbers.len() / 2 * 2;
            whitening.add(&rows[..half]);
            whitening.add(&rows[half..]);
            let count = numbers.len() as f64;
            let mean = numbers.iter().sum::<f64>() / count;
            let deviation = (numbers.iter().map(|n| (n - mean).powi(2)).sum::<f64>() / count).sqrt();
            prop_assert!((whitening.mean()[0] - mean).abs() < 1e-9);
            let scale = whitening.scale();
            prop_assert!((scale[0] * deviation - 1.0).abs() < 1e-6, "{} {deviation}", scale[0]);
            prop_assert_eq!(scale[1], 0.0);
        }
    }

    #[test]
    fn before_anything_is_seen_nothing_changes() {
        let whitening = Whitening::new(3);
        assert_eq!(
            (whitening.mean(), whitening.scale()),
            (&[0.0; 3][..], vec![1.0; 3])
        );
    }
}
