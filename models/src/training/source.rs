//! What a trainer reads.

use std::fmt::Debug;

use rounds_environments::control::data::{DataError, SamplerConfig};
use rounds_environments::streams::RunSeed;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ExampleRef, TrainError};

/// How data become micro-batches: the table `data` of a training.
pub trait SourceConfig:
    Debug + Clone + PartialEq + Default + Serialize + DeserializeOwned + Send + Sync
{
    /// Whether the values can be used.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the key.
    fn validate(&self) -> Result<(), TrainError>;

    /// Positions of the longest row.
    fn row_length(&self) -> usize;
}

/// Where training is in the data.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Position {
    /// Times all rows were gone through.
    pub epoch: u32,
    /// Rows of this epoch that were used.
    pub index: usize,
}

/// Data to train on, cut into micro-batches that are found again from a position alone.
pub trait TrainingSource: Sync {
    /// How it was made.
    type Config: SourceConfig;
    /// What a model reads at once.
    type Batch: MicroBatch;

    /// How it was made.
    fn config(&self) -> &Self::Config;

    /// The data in a few values (hashes, counts): a checkpoint of a run on others is refused.
    fn description(&self) -> Value;

    /// A walk over the rows trained on that goes on at `position`.
    ///
    /// # Determinism
    /// Depends on the data, the seed and the position alone.
    fn walk(
        &self,
        seed: RunSeed,
        position: Position,
    ) -> Box<dyn Walk<Batch = Self::Batch> + Send + '_>;

    /// What was held out, in micro-batches of up to `rows` rows.
    fn held_out(&self, rows: usize) -> Box<dyn Iterator<Item = Self::Batch> + '_>;
}

/// A walk over rows, without end.
pub trait Walk {
    /// What it gives.
    type Batch;

    /// Where it is.
    fn position(&self) -> Position;

    /// The next `rows` rows.
    fn next_batch(&mut self, rows: usize) -> Self::Batch;
}

/// Rows that go through a model at once. A target is a position whose prediction is in the loss.
pub trait MicroBatch: Send + Sync {
    /// The examples.
    fn examples(&self) -> &[ExampleRef];

    /// Of each target the place of its example in [`MicroBatch::examples`].
    fn example_of(&self) -> &[u32];

    /// Positions read; padding does not count.
    fn read(&self) -> u64;
}

/// Adds the losses of targets to those of their examples, in order.
///
/// # Shapes
/// `losses`: `[targets]`; result: `[examples]`.
pub fn per_example(batch: &impl MicroBatch, losses: &[f32]) -> Vec<f32> {
    let mut sums = vec![0.0; batch.examples().len()];
    for (example, loss) in batch.example_of().iter().zip(losses) {
        sums[*example as usize] += loss;
    }
    sums
}

impl SourceConfig for SamplerConfig {
    fn validate(&self) -> Result<(), TrainError> {
        Self::validate(self).map_err(|error| {
            let (key, why) = match &error {
                DataError::Setting { setting, why } => (format!("data.{setting}"), why.as_str()),
                _ => ("data".to_owned(), ""),
            };
            let (want, got) = why.split_once(", got ").unwrap_or((why, "another value"));
            TrainError::config(key, want.trim_start_matches("expected "), got)
        })
    }

    fn row_length(&self) -> usize {
        self.context
    }
}
