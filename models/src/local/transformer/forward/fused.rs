//! Whole blocks and likelihoods by one fused operation each, where they apply.

use std::sync::Arc;

use candle_core::Tensor;

use super::pass::{Pass, is_plain};
use super::weights::needed;
use super::{ForwardError, Weights};
use crate::local::transformer::kernels::{BlockOp, LikelihoodOp, covers};

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

/// Block number `layer`, or `None` if it has adapters or the kernels do not cover it.
pub(super) fn block(
    pass: &Pass<'_>,
    weights: &dyn Weights,
    layer: usize,
    stream: &Tensor,
) -> Result<Option<Tensor>, ForwardError> {
    let prefix = format!("model.layers.{layer}");
    let adapts = |name: &&str| weights.adapts(&format!("{prefix}.{name}"));
    let applies = pass.is_fused && is_plain(stream) && covers(pass.config.activation);
    if !applies || LINEAR.iter().any(adapts) {
        return Ok(None);
    }
    let mut tensors = Vec::new();
    for part in pass.layout.parts() {
        let name = format!("{prefix}.{}", part.name);
        let tensor = needed(weights.tensor(&name)?, || name)?;
        if !is_plain(&tensor) || tensor.dims() != part.shape {
            return Ok(None);
        }
        tensors.push(tensor.contiguous()?);
    }
    let is_tracked = stream.track_op() || tensors.iter().any(Tensor::track_op);
    let op = BlockOp::new(
        pass.config,
        Arc::clone(pass.layout),
        tensors,
        pass.geometry.rows,
        pass.geometry.length,
        pass.geometry.rotation(),
        pass.visibility(layer),
        pass.keeps && is_tracked,
    );
    Ok(Some(op.apply(stream)?))
}

/// Minus the log-probability of each target, or `None` if the kernels do not cover it.
pub(super) fn likelihood(
    hidden: &Tensor,
    head: &Tensor,
    targets: &[u32],
    cap: Option<f64>,
) -> Result<Option<Tensor>, ForwardError> {
    if !is_plain(hidden) || !is_plain(head) {
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
