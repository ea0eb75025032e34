//! Where the fused operations apply, and how they are called.

use std::sync::Arc;

use candle_core::{DType, Tensor};

use super::geometry::{Geometry, LayerVisibility};
use super::weights::needed;
use super::{ForwardError, Weights};
use crate::local::transformer::TransformerConfig;
use crate::local::transformer::kernels::{BlockOp, Layout, LikelihoodOp, NormOp};

/// The linear layers of a block.
const LINEAR: [&str; 7] = [
    "self_attn.q_proj",
    "self_attn.k_proj",
    "self_attn.v_proj",
    "self_attn.o_proj",
    "mlp.gate_proj",
    "mlp.up_proj",
    "mlp.down_proj",
];

/// The fused operations of one pass; each gives `None` where it does not apply.
pub(super) struct Fused<'a> {
    pub(super) config: &'a TransformerConfig,
    pub(super) layout: &'a Arc<Layout>,
    pub(super) geometry: Arc<Geometry>,
    pub(super) is_on: bool,
    pub(super) keeps: bool,
}

/// Whether the kernels take this tensor.
fn is_plain(tensor: &Tensor) -> bool {
    tensor.device().is_cpu() && tensor.dtype() == DType::F32
}

impl Fused<'_> {
    /// Block number `layer` on `[B * T, hidden]`.
    pub(super) fn block(
        &self,
        weights: &dyn Weights,
        layer: usize,
        stream: &Tensor,
    ) -> Result<Option<Tensor>, ForwardError> {
        let prefix = format!("model.layers.{layer}");
        let adapts = |name: &&str| weights.adapts(&format!("{prefix}.{name}"));
        let applies = self.is_on && is_plain(stream) && BlockOp::covers(self.config);
        if !applies || LINEAR.iter().any(adapts) {
            return Ok(None);
        }
        let mut flat = Vec::new();
        for part in self.layout.parts() {
            let name = format!("{prefix}.{}", part.name);
            let tensor = needed(weights.tensor(&name)?, || name)?;
            if !is_plain(&tensor) || tensor.dims() != part.shape {
                return Ok(None);
            }
            flat.push(tensor.flatten_all()?);
        }
        let flat = Tensor::cat(&flat, 0)?;
        let visible = LayerVisibility {
            geometry: Arc::clone(&self.geometry),
            window: self.config.window_of(layer),
        };
        let op = BlockOp::new(
            self.config,
            Arc::clone(self.layout),
            self.geometry.rows,
            self.geometry.length,
            self.geometry.rotation(),
            Arc::new(visible),
            self.keeps && (stream.track_op() || flat.track_op()),
        );
        Ok(Some(stream.contiguous()?.apply_op2(&flat, op)?))
    }

    /// The norm of rows.
    pub(super) fn norm(
        &self,
        stream: &Tensor,
        weight: &Tensor,
    ) -> Result<Option<Tensor>, ForwardError> {
        let fits = weight.dims() == [self.config.hidden_size];
        if !(self.is_on && fits && is_plain(stream) && is_plain(weight)) {
            return Ok(None);
        }
        let op = NormOp {
            eps: self.config.norm_eps as f32,
            plus_one: self.config.norm_plus_one,
        };
        Ok(Some(
            stream.contiguous()?.apply_op2(&weight.contiguous()?, op)?,
        ))
    }
}

/// Minus the log-probability of each target.
pub(super) fn likelihood(
    hidden: &Tensor,
    head: &Tensor,
    targets: &[u32],
    cap: Option<f64>,
) -> Result<Option<Tensor>, ForwardError> {
    if !is_plain(hidden) || !is_plain(head) || targets.is_empty() {
        return Ok(None);
    }
    let op = LikelihoodOp {
        targets: targets.to_vec(),
        cap: cap.map(|cap| cap as f32),
    };
    Ok(Some(
        hidden.contiguous()?.apply_op2(&head.contiguous()?, op)?,
    ))
}
