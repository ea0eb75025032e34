//! Observations on a common scale.

use serde::{Deserialize, Serialize};

use super::error::DataError;
use super::float::Float;
use super::trajectories::Trajectories;

/// What is added to every deviation.
const ADDED: f64 = 1e-6;

/// Mean and deviation of each dimension of the observations of a data set.
///
/// # Source
/// Trajectory card, section 2: the deviation is that of the population, plus 1e-6.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Normaliser {
    /// Means.
    pub mean: Vec<f64>,
    /// Deviations, none below the floor.
    pub std: Vec<f64>,
}

impl Normaliser {
    /// Statistics of all observations, each rounded to the precision `T` of the model first. No deviation is
    /// below `floor`: 0 leaves them as they are, 1e-3 keeps dimensions that hardly change from exploding.
    ///
    /// # Errors
    /// [`DataError::Empty`] without episodes, [`DataError::Setting`] for a floor that is negative or not
    /// finite.
    pub fn of<T: Float>(data: &Trajectories, floor: f64) -> Result<Self, DataError> {
        if !(floor >= 0.0 && floor.is_finite()) {
            let why = format!("expected a number of at least 0, got {floor}");
            return Err(DataError::setting("std_floor", why));
        }
        if data.steps() == 0 {
            return Err(DataError::Empty { steps: 0 });
        }
        let size = data.observation_size();
        let rows = || data.observations().chunks_exact(size);
        let count = data.steps() as f64;
        let sums = |of: &dyn Fn(usize, f64) -> f64| -> Vec<f64> {
            let mut sums = vec![0.0; size];
            for row in rows() {
                for (dimension, (sum, number)) in sums.iter_mut().zip(row).enumerate() {
                    *sum += of(dimension, T::nearest(*number).wide());
                }
            }
            sums.iter().map(|sum| sum / count).collect()
        };
        let mean = sums(&|_, number| number);
        let variance = sums(&|dimension, number| (number - mean[dimension]).powi(2));
        let std = variance.iter().map(|v| (v.sqrt() + ADDED).max(floor));
        Ok(Self {
            std: std.collect(),
            mean,
        })
    }

    /// A number of an observation on the common scale.
    ///
    /// # Panics
    /// When there is no such dimension.
    pub fn apply(&self, dimension: usize, number: f64) -> f64 {
        (number - self.mean[dimension]) / self.std[dimension]
    }
}
