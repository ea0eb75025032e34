//! Rotation of queries and keys by their positions.

use std::sync::Arc;

use rayon::prelude::*;

use super::attention::Heads;
use super::rows::rotate;

/// Cosines and sines of all positions: `[tables * length, half]`, one table or one a row.
pub(in crate::local::transformer) struct Rotation {
    pub(in crate::local::transformer) cosines: Arc<Vec<f32>>,
    pub(in crate::local::transformer) sines: Arc<Vec<f32>>,
    /// Pairs that rotate in each head.
    pub(in crate::local::transformer) half: usize,
}

impl Rotation {
    /// Turns heads `[rows * length, heads * dim]` by their positions, or back.
    pub(super) fn turn(&self, sizes: &Heads, heads: &mut [f32], back: bool) {
        let half = self.half;
        let width = heads.len() / (sizes.rows * sizes.length);
        let angles = self.cosines.len() / half;
        heads
            .par_chunks_mut(width)
            .enumerate()
            .for_each(|(token, line)| {
                // With one table, token numbers wrap around to positions.
                let at = token % angles * half;
                let cosines = &self.cosines[at..at + half];
                let sines = &self.sines[at..at + half];
                for head in line.chunks_exact_mut(sizes.dim) {
                    rotate(head, cosines, sines, back);
                }
            });
    }
}
