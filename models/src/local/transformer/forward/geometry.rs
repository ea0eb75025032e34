//! What the positions of a batch decide: rotation angles and who sees whom.

use std::ops::Range;
use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::branches::Branches;
use super::{ForwardError, TokenBatch};
use crate::local::transformer::kernels::{Rotation, Visibility};
use crate::local::transformer::{AttentionMask, TransformerConfig};

/// Rotation and visibility of one batch.
#[derive(Debug)]
pub(super) struct Geometry {
    pub(super) rows: usize,
    pub(super) length: usize,
    lengths: Vec<usize>,
    branches: Option<Branches>,
    mask: AttentionMask,
    /// Cosines, `[tables, length, rope_dims / 2]`; one table where all rows share it.
    pub(super) cosines: Arc<Vec<f32>>,
    /// Sines, likewise.
    pub(super) sines: Arc<Vec<f32>>,
    /// One, or one a row.
    pub(super) tables: usize,
}

impl Geometry {
    pub(super) fn new(config: &TransformerConfig, batch: &TokenBatch) -> Self {
        let frequencies = config.rope_frequencies();
        let (rows, length) = (batch.rows(), batch.length());
        let tables = if batch.has_plain_positions() { 1 } else { rows };
        let positions = batch.positions();
        let mut cosines = Vec::with_capacity(tables * length * frequencies.len());
        let mut sines = Vec::with_capacity(cosines.capacity());
        for &position in &positions[..tables * length] {
            for frequency in &frequencies {
                let angle = f64::from(position) * frequency;
                cosines.push(libm::cos(angle) as f32);
                sines.push(libm::sin(angle) as f32);
            }
        }
        Self {
            rows,
            length,
            lengths: batch.lengths().to_vec(),
            branches: batch.branches().cloned(),
            mask: config.mask,
            cosines: Arc::new(cosines),
            sines: Arc::new(sines),
            tables,
        }
    }

    /// Adds the keys that the query at `position` of `row` sees, in ascending ranges.
    pub(super) fn visible(
        &self,
        row: usize,
        position: usize,
        window: Option<usize>,
        ranges: &mut Vec<Range<usize>>,
    ) {
        match (self.mask, &self.branches) {
            (AttentionMask::Causal, None) => {
                let first = window.map_or(0, |width| (position + 1).saturating_sub(width));
                ranges.push(first..position + 1);
            }
            (AttentionMask::Causal, Some(branches)) => branches.seen(position, window, ranges),
            // Tokens that fill a row are seen by none.
            (AttentionMask::Bidirectional, None) => ranges.push(0..self.lengths[row]),
            (AttentionMask::Bidirectional, Some(branches)) => ranges.push(branches.own(position)),
        }
    }

    /// Zero where a key is seen and minus infinity elsewhere: `[rows or 1, 1, length, length]`.
    pub(super) fn mask_tensor(
        &self,
        window: Option<usize>,
        device: &Device,
    ) -> Result<Tensor, ForwardError> {
        let tables = match self.mask {
            AttentionMask::Causal => 1,
            AttentionMask::Bidirectional => self.rows,
        };
        let length = self.length;
        let mut values = vec![f32::NEG_INFINITY; tables * length * length];
        let mut ranges = Vec::new();
        for (ix, line) in values.chunks_mut(length).enumerate() {
            ranges.clear();
            self.visible(ix / length, ix % length, window, &mut ranges);
            for range in ranges.drain(..) {
                line[range].fill(0.0);
            }
        }
        Ok(Tensor::from_vec(
            values,
            (tables, 1, length, length),
            device,
        )?)
    }

    /// Cosines and sines as tensors `[tables, 1, length, rope_dims / 2]`.
    pub(super) fn rotation_tensors(
        &self,
        device: &Device,
    ) -> Result<(Tensor, Tensor), ForwardError> {
        let shape = (self.tables, 1, self.length, self.half());
        Ok((
            Tensor::from_slice(self.cosines.as_slice(), shape, device)?,
            Tensor::from_slice(self.sines.as_slice(), shape, device)?,
        ))
    }

    /// Pairs that rotate in each head.
    fn half(&self) -> usize {
        self.cosines.len() / (self.tables * self.length)
    }

    /// The tables of the fused operations.
    pub(super) fn rotation(&self) -> Rotation {
        Rotation {
            cosines: Arc::clone(&self.cosines),
            sines: Arc::clone(&self.sines),
            half: self.half(),
        }
    }
}

/// The keys that queries of a layer see.
pub(super) struct LayerVisibility {
    pub(super) geometry: Arc<Geometry>,
    pub(super) window: Option<usize>,
}

impl Visibility for LayerVisibility {
    fn keys(&self, row: usize, position: usize, ranges: &mut Vec<Range<usize>>) {
        self.geometry.visible(row, position, self.window, ranges);
    }
}
