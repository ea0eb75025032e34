//! Episodes to train on, cut into rows that a counter finds again.

use rand::RngExt;
use rounds_environments::control::data::{Batch, Sampler, SamplerConfig, Trajectories};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde_json::{Value, json};

use super::error::TrajectoryError;
use crate::training::{ExampleRef, MicroBatch, Position, TrainingSource, Walk};

/// Rows of up to `K` steps, drawn from the episodes of a data set.
///
/// # Determinism
/// Row `n` of a training hangs on its seed and `n` alone.
#[derive(Debug)]
pub struct Episodes {
    sampler: Sampler<f32>,
    hash: String,
}

impl Episodes {
    /// The episodes of a data set, whose `hash` tells it from others.
    ///
    /// # Errors
    /// [`TrajectoryError::Data`] for settings that cannot be and for a data set without episodes.
    pub fn new(
        data: &Trajectories,
        config: SamplerConfig,
        hash: impl Into<String>,
    ) -> Result<Self, TrajectoryError> {
        Ok(Self {
            sampler: Sampler::new(data, config)?,
            hash: hash.into(),
        })
    }

    /// What rows are cut by.
    pub fn sampler(&self) -> &Sampler<f32> {
        &self.sampler
    }

    /// The row of this number.
    fn draw(&self, seed: RunSeed, number: u64, row: usize, batch: &mut Batch<f32>) {
        let key = StreamKey {
            seed,
            episode: EpisodeIx((number >> 32) as u32),
            agent: None,
            round: RoundIx(number as u32),
            purpose: Purpose::Training,
        };
        let step = key.open().random_range(0..self.sampler.steps());
        self.sampler.fill_from_step(step, row, batch);
    }
}

impl TrainingSource for Episodes {
    type Config = SamplerConfig;
    type Batch = Rows;

    fn config(&self) -> &SamplerConfig {
        self.sampler.config()
    }

    fn description(&self) -> Value {
        json!({
            "sha256": self.hash,
            "episodes": self.sampler.episodes(),
            "steps": self.sampler.steps(),
        })
    }

    fn walk(&self, seed: RunSeed, position: Position) -> Box<dyn Walk<Batch = Rows> + Send + '_> {
        Box::new(Drawing {
            episodes: self,
            seed,
            position,
        })
    }

    /// Nothing is held out: models are told apart by what they do.
    fn held_out(&self, _: usize) -> Box<dyn Iterator<Item = Rows> + '_> {
        Box::new(std::iter::empty())
    }
}

/// A walk over drawn rows.
struct Drawing<'a> {
    episodes: &'a Episodes,
    seed: RunSeed,
    position: Position,
}

impl Walk for Drawing<'_> {
    type Batch = Rows;

    fn position(&self) -> Position {
        self.position
    }

    fn next_batch(&mut self, rows: usize) -> Rows {
        let mut batch = self.episodes.sampler.room(rows);
        for row in 0..rows {
            let number = self.position.index as u64;
            self.episodes.draw(self.seed, number, row, &mut batch);
            self.position.index += 1;
        }
        Rows::new(batch)
    }
}

/// Rows that go through a model at once. Each is an example, and each of its steps a target.
#[derive(Debug)]
pub struct Rows {
    batch: Batch<f32>,
    examples: Vec<ExampleRef>,
    example_of: Vec<u32>,
}

impl Rows {
    fn new(batch: Batch<f32>) -> Self {
        let mut examples = Vec::with_capacity(batch.rows);
        let mut example_of = Vec::new();
        for (row, mask) in (0..).zip(batch.mask.chunks_exact(batch.context)) {
            let targets = mask.iter().filter(|there| **there > 0.0).count();
            example_of.extend(std::iter::repeat_n(row, targets));
            examples.push(ExampleRef {
                document: row as usize,
                source: 0,
                targets: targets as u32,
            });
        }
        Self {
            batch,
            examples,
            example_of,
        }
    }

    /// The rows as a model reads them.
    pub fn batch(&self) -> &Batch<f32> {
        &self.batch
    }
}

impl MicroBatch for Rows {
    fn examples(&self) -> &[ExampleRef] {
        &self.examples
    }

    fn example_of(&self) -> &[u32] {
        &self.example_of
    }

    fn read(&self) -> u64 {
        self.example_of.len() as u64
    }
}
