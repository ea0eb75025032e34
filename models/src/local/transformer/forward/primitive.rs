//! Norms, activations and soft-caps from operations that candle can differentiate.

use candle_core::{D, Tensor};

use super::ForwardError;
use crate::local::transformer::{Activation, TransformerConfig};

/// `x / sqrt(mean(x^2) + eps) * weight`, with `weight + 1` in Gemma's family.
pub(super) fn rms_norm(
    config: &TransformerConfig,
    input: &Tensor,
    weight: &Tensor,
) -> Result<Tensor, ForwardError> {
    let mean = input.sqr()?.mean_keepdim(D::Minus1)?;
    let root = (mean + config.norm_eps)?.sqrt()?;
    let weight = if config.norm_plus_one {
        (weight + 1.0)?
    } else {
        weight.clone()
    };
    Ok(input.broadcast_div(&root)?.broadcast_mul(&weight)?)
}

pub(super) fn activate(activation: Activation, input: &Tensor) -> Result<Tensor, ForwardError> {
    Ok(match activation {
        Activation::Silu => input.silu()?,
        Activation::GeluTanh => input.gelu()?,
        Activation::Gelu => input.gelu_erf()?,
    })
}

/// `cap * tanh(input / cap)`.
pub(super) fn soft_cap(input: &Tensor, cap: f64) -> Result<Tensor, ForwardError> {
    Ok(((input / cap)?.tanh()? * cap)?)
}

/// Softmax over the last dimension.
pub(super) fn softmax(input: &Tensor) -> Result<Tensor, ForwardError> {
    // Shifting changes no value, so the largest entry needs no gradient.
    let largest = input.max_keepdim(D::Minus1)?.detach();
    let exponentials = input.broadcast_sub(&largest)?.exp()?;
    let sum = exponentials.sum_keepdim(D::Minus1)?;
    Ok(exponentials.broadcast_div(&sum)?)
}

/// Minus the logarithm of the probability of each target.
///
/// # Shapes
/// `logits`: `[N, V]`; `targets`: `[N]`; result: `[N]`.
pub(super) fn negative_log_likelihood(
    logits: &Tensor,
    targets: &[u32],
) -> Result<Tensor, ForwardError> {
    let largest = logits.max_keepdim(D::Minus1)?.detach();
    let shifted = logits.broadcast_sub(&largest)?;
    let normaliser = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
    let targets = Tensor::from_slice(targets, (targets.len(), 1), logits.device())?;
    let chosen = shifted.contiguous()?.gather(&targets, D::Minus1)?;
    Ok((normaliser - chosen)?.squeeze(1)?)
}
