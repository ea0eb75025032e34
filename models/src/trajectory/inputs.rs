//! What a trajectory model is given.

use rounds_environments::control::data::Batch;

use super::config::TrajectoryConfig;
use super::error::TrajectoryError;

/// Histories of steps, one a row, the latest step last and padding in front.
///
/// # Shapes
/// Flat, row by row: B rows of K steps.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// Number of rows, B.
    pub rows: usize,
    /// Steps of a row, K: at most the context of the model.
    pub context: usize,
    /// Normalised observations, `[B, K, d_s]`.
    pub states: &'a [f32],
    /// Actions, `[B, K, d_a]`.
    pub actions: &'a [f32],
    /// Returns to go, divided by the scale; a row may have more than K, of which the first K are read.
    pub returns_to_go: &'a [f32],
    /// Steps since the start of the episode, `[B, K]`.
    pub timesteps: &'a [u32],
    /// 1 for a step, 0 for padding, `[B, K]`.
    pub mask: &'a [f32],
}

impl<'a> From<&'a Batch<f32>> for Inputs<'a> {
    fn from(batch: &'a Batch<f32>) -> Self {
        Self {
            rows: batch.rows,
            context: batch.context,
            states: &batch.states,
            actions: &batch.actions,
            returns_to_go: &batch.returns_to_go,
            timesteps: &batch.timesteps,
            mask: &batch.mask,
        }
    }
}

/// One row as a model runs over it: without the padding that the model leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sequence {
    /// Row of the batch.
    pub(super) row: usize,
    /// Steps of the row that are left out.
    pub(super) skip: usize,
    /// Steps of the row that the model sees.
    pub(super) steps: usize,
    /// Steps of the row, of those that the model sees, that are padding.
    pub(super) padding: usize,
}

impl Inputs<'_> {
    /// Numbers from one row of returns to the next.
    pub(super) fn returns_step(&self) -> usize {
        self.returns_to_go.len() / self.rows.max(1)
    }

    /// The rows as sequences.
    ///
    /// # Errors
    /// [`TrajectoryError`] for lengths that do not fit the model and masks with a hole.
    pub(super) fn sequences(
        &self,
        config: &TrajectoryConfig,
        sequences: &mut Vec<Sequence>,
    ) -> Result<(), TrajectoryError> {
        if !(1..=config.context).contains(&self.context) {
            let want = format!("1 to {}", config.context);
            return Err(TrajectoryError::setting(
                "steps of a row",
                self.context,
                want,
            ));
        }
        let steps = self.rows * self.context;
        for (what, each, got) in [
            ("states", config.observation, self.states.len()),
            ("actions", config.action, self.actions.len()),
            ("timesteps", 1, self.timesteps.len()),
            ("mask", 1, self.mask.len()),
        ] {
            if got != steps * each {
                let want = steps * each;
                return Err(TrajectoryError::Length { what, want, got });
            }
        }
        let got = self.returns_to_go.len();
        if got < steps || got != self.rows * self.returns_step() {
            let (what, want) = ("returns to go", steps);
            return Err(TrajectoryError::Length { what, want, got });
        }
        sequences.clear();
        for (row, mask) in self.mask.chunks_exact(self.context).enumerate() {
            let padding = mask.iter().take_while(|there| **there == 0.0).count();
            let whole = mask[padding..].iter().position(|there| *there != 1.0);
            let wrong = whole.map(|at| padding + at);
            if let Some(at) = wrong.or((padding == self.context).then_some(padding - 1)) {
                let got = mask[at];
                return Err(TrajectoryError::Mask { row, at, got });
            }
            let skip = if config.skips_padding() { padding } else { 0 };
            sequences.push(Sequence {
                row,
                skip,
                steps: self.context - skip,
                padding: padding - skip,
            });
        }
        Ok(())
    }
}
