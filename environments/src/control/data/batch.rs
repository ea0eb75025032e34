//! A batch to train on.

use super::float::Float;

/// Rows of up to `context` steps of one episode each, the latest step last and padding in front.
///
/// # Shapes
/// Flat, row by row; `rows` and `context` are B and K of the card.
#[derive(Debug, Clone, PartialEq)]
pub struct Batch<T> {
    /// Number of rows.
    pub rows: usize,
    /// Steps of a row.
    pub context: usize,
    /// Normalised observations: `[rows, context, observation]`.
    pub states: Vec<T>,
    /// Actions: `[rows, context, action]`.
    pub actions: Vec<T>,
    /// Returns to go, divided by the scale, one more than there are steps: that after the last step is the last.
    /// A model is given the first `context`: `[rows, context + 1]`.
    pub returns_to_go: Vec<T>,
    /// Steps since the start of the episode: `[rows, context]`.
    pub timesteps: Vec<u32>,
    /// 1 for a step, 0 for padding: `[rows, context]`.
    pub mask: Vec<T>,
}

impl<T: Float> Batch<T> {
    /// Room for as many rows.
    pub(super) fn room(rows: usize, context: usize, observation: usize, action: usize) -> Self {
        let zeros = |size: usize| vec![T::nearest(0.0); rows * size];
        Self {
            rows,
            context,
            states: zeros(context * observation),
            actions: zeros(context * action),
            returns_to_go: zeros(context + 1),
            timesteps: vec![0; rows * context],
            mask: zeros(context),
        }
    }
}
