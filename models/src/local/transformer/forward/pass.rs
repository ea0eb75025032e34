//! One forward pass: what all of its blocks share, and which operations it uses.

use std::cell::OnceCell;
use std::sync::Arc;

use candle_core::{DType, Device, Tensor};

use super::geometry::{Geometry, LayerVisibility};
use super::primitive::{activate, rms_norm};
use super::{ForwardError, Weights, attention, fused};
use crate::local::transformer::TransformerConfig;
use crate::local::transformer::kernels::{AttentionOp, GateOp, Layout, NormOp, covers};

/// Tensors of the primitive attention.
pub(super) struct Tables {
    pub(super) rotation: (Tensor, Tensor),
    pub(super) full_mask: Tensor,
    pub(super) window_mask: Option<Tensor>,
}

/// What all blocks of one pass share.
pub(super) struct Pass<'a> {
    pub(super) config: &'a TransformerConfig,
    pub(super) layout: &'a Arc<Layout>,
    pub(super) geometry: Arc<Geometry>,
    /// Fused operations are wanted.
    pub(super) is_fused: bool,
    /// Fused blocks keep their intermediate results.
    pub(super) keeps: bool,
    pub(super) device: Device,
    pub(super) tables: OnceCell<Tables>,
}

/// Whether the kernels take this tensor.
pub(super) fn is_plain(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && tensor.dtype() == DType::F32
}

impl Pass<'_> {
    /// Block number `layer` on the stream `[B * T, hidden]`.
    pub(super) fn block(
        &self,
        weights: &dyn Weights,
        layer: usize,
        stream: &Tensor,
    ) -> Result<Tensor, ForwardError> {
        match fused::block(self, weights, layer, stream)? {
            Some(output) => Ok(output),
            None => attention::block(self, weights, layer, stream),
        }
    }

    /// RMS norm over the last dimension.
    pub(super) fn norm(&self, input: &Tensor, weight: &Tensor) -> Result<Tensor, ForwardError> {
        let fits = weight.rank() == 1 && input.dims().last() == weight.dims().last();
        if !(self.is_fused && fits && is_plain(input) && is_plain(weight)) {
            return rms_norm(self.config, input, weight);
        }
        let op = NormOp {
            eps: self.config.norm_eps as f32,
            plus_one: self.config.norm_plus_one,
        };
        Ok(input.contiguous()?.apply_op2(&weight.contiguous()?, op)?)
    }

    /// `activation(gate) * up`.
    pub(super) fn gate(&self, gate: &Tensor, up: &Tensor) -> Result<Tensor, ForwardError> {
        let activation = self.config.activation;
        if self.is_fused && covers(activation) && is_plain(gate) && is_plain(up) {
            let op = GateOp { activation };
            return Ok(gate.contiguous()?.apply_op2(&up.contiguous()?, op)?);
        }
        Ok((activate(activation, gate)? * up)?)
    }

    /// Attention with rotation, of `[B * T, heads * head_dim]` and twice
    /// `[B * T, kv_heads * head_dim]`.
    pub(super) fn attend(
        &self,
        layer: usize,
        queries: &Tensor,
        keys: &Tensor,
        values: &Tensor,
    ) -> Result<Tensor, ForwardError> {
        if !(self.is_fused && [queries, keys, values].into_iter().all(is_plain)) {
            return attention::attend(self, layer, queries, keys, values);
        }
        let op = AttentionOp::new(
            self.config,
            self.geometry.rows,
            self.geometry.length,
            self.geometry.rotation(),
            self.visibility(layer),
        );
        Ok(queries
            .contiguous()?
            .apply_op3(&keys.contiguous()?, &values.contiguous()?, op)?)
    }

    pub(super) fn visibility(&self, layer: usize) -> Arc<LayerVisibility> {
        Arc::new(LayerVisibility {
            geometry: Arc::clone(&self.geometry),
            window: self.config.window_of(layer),
        })
    }

    /// The tables, made when first asked for.
    pub(super) fn tables(&self) -> Result<&Tables, ForwardError> {
        if let Some(tables) = self.tables.get() {
            return Ok(tables);
        }
        let geometry = &self.geometry;
        let window = self.config.sliding_window;
        let tables = Tables {
            rotation: geometry.rotation_tensors(&self.device)?,
            full_mask: geometry.mask_tensor(None, &self.device)?,
            window_mask: window
                .map(|_| geometry.mask_tensor(window, &self.device))
                .transpose()?,
        };
        Ok(self.tables.get_or_init(|| tables))
    }
}
