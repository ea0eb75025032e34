//! One block of the transformer from operations that candle can differentiate.

use candle_core::{D, Tensor};

use super::geometry::Geometry;
use super::primitive::{activate, rms_norm, soft_cap, softmax};
use super::weights::needed;
use super::{ForwardError, Weights};
use crate::local::transformer::TransformerConfig;

/// Tensors that all blocks of one pass share.
pub(super) struct Shared<'a> {
    pub(super) config: &'a TransformerConfig,
    pub(super) geometry: &'a Geometry,
    pub(super) rotation: (Tensor, Tensor),
    pub(super) full_mask: Tensor,
    pub(super) window_mask: Option<Tensor>,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        config: &'a TransformerConfig,
        geometry: &'a Geometry,
        device: &candle_core::Device,
    ) -> Result<Self, ForwardError> {
        let window_mask = config
            .sliding_window
            .map(|window| geometry.mask_tensor(Some(window), device))
            .transpose()?;
        Ok(Self {
            config,
            geometry,
            rotation: geometry.rotation_tensors(device)?,
            full_mask: geometry.mask_tensor(None, device)?,
            window_mask,
        })
    }
}

/// Block number `layer`.
///
/// # Shapes
/// `input` and result: `[B * T, hidden]`.
pub(super) fn block(
    shared: &Shared<'_>,
    weights: &dyn Weights,
    layer: usize,
    input: &Tensor,
) -> Result<Tensor, ForwardError> {
    let config = shared.config;
    let prefix = format!("model.layers.{layer}");
    let norm = |name: &str, x: &Tensor| {
        let name = format!("{prefix}.{name}.weight");
        let weight = needed(weights.tensor(&name)?, || name)?;
        rms_norm(config, x, &weight)
    };
    let normed = norm("input_layernorm", input)?;
    let mut attended = attention(shared, weights, layer, &normed)?;
    if config.sandwich_norms {
        attended = norm("post_attention_layernorm", &attended)?;
    }
    let middle = (input + attended)?;
    let normed = if config.sandwich_norms {
        norm("pre_feedforward_layernorm", &middle)?
    } else {
        norm("post_attention_layernorm", &middle)?
    };
    let linear = |name: &str, x: &Tensor| weights.linear(&format!("{prefix}.mlp.{name}"), x);
    let gate = activate(config.activation, &linear("gate_proj", &normed)?)?;
    let inner = (gate * linear("up_proj", &normed)?)?;
    let mut output = linear("down_proj", &inner)?;
    if config.sandwich_norms {
        output = norm("post_feedforward_layernorm", &output)?;
    }
    Ok((middle + output)?)
}

fn attention(
    shared: &Shared<'_>,
    weights: &dyn Weights,
    layer: usize,
    input: &Tensor,
) -> Result<Tensor, ForwardError> {
    let config = shared.config;
    let (rows, length) = (shared.geometry.rows, shared.geometry.length);
    let (heads, kv_heads, dim) = (config.heads, config.kv_heads, config.head_dim);
    let prefix = format!("model.layers.{layer}.self_attn");
    // [B * T, heads * dim] to [B, heads, T, dim].
    let project = |name: &str, heads: usize| -> Result<Tensor, ForwardError> {
        let flat = weights.linear(&format!("{prefix}.{name}"), input)?;
        Ok(flat.reshape((rows, length, heads, dim))?)
    };
    let mut queries = project("q_proj", heads)?;
    let mut keys = project("k_proj", kv_heads)?;
    let values = project("v_proj", kv_heads)?.transpose(1, 2)?.contiguous()?;
    if config.qk_norm {
        let norm = |name: &str, x: &Tensor| {
            let name = format!("{prefix}.{name}.weight");
            let weight = needed(weights.tensor(&name)?, || name)?;
            rms_norm(config, x, &weight)
        };
        queries = norm("q_norm", &queries)?;
        keys = norm("k_norm", &keys)?;
    }
    let queries = rotate(shared, &queries.transpose(1, 2)?.contiguous()?)?;
    let keys = rotate(shared, &keys.transpose(1, 2)?.contiguous()?)?;

    // Query heads that share a key head stand below each other, so that no key is copied.
    let group = heads / kv_heads;
    let queries = queries.reshape((rows, kv_heads, group * length, dim))?;
    let mut scores = (queries.matmul(&keys.transpose(2, 3)?)? * config.attention_scale)?;
    if let Some(cap) = config.attention_softcap {
        scores = soft_cap(&scores, cap)?;
    }
    let mask = match (config.window_of(layer), &shared.window_mask) {
        (Some(_), Some(mask)) => mask,
        _ => &shared.full_mask,
    };
    let scores = scores
        .reshape((rows, heads, length, length))?
        .broadcast_add(mask)?;
    let shares = softmax(&scores)?.reshape((rows, kv_heads, group * length, length))?;
    let mixed = shares
        .matmul(&values)?
        .reshape((rows, heads, length, dim))?
        .transpose(1, 2)?
        .reshape((rows * length, heads * dim))?;
    weights.linear(&format!("{prefix}.o_proj"), &mixed)
}

/// Rotates pairs `(d, d + rope_dims / 2)` of each head.
///
/// # Shapes
/// `input` and result: `[B, heads, T, head_dim]`.
fn rotate(shared: &Shared<'_>, input: &Tensor) -> Result<Tensor, ForwardError> {
    let half = shared.config.rope_dims / 2;
    let (cosine, sine) = &shared.rotation;
    let first = input.narrow(D::Minus1, 0, half)?;
    let second = input.narrow(D::Minus1, half, half)?;
    let mut parts = vec![
        (first.broadcast_mul(cosine)? - second.broadcast_mul(sine)?)?,
        (second.broadcast_mul(cosine)? + first.broadcast_mul(sine)?)?,
    ];
    let rest = shared.config.head_dim - 2 * half;
    if rest > 0 {
        parts.push(input.narrow(D::Minus1, 2 * half, rest)?);
    }
    Ok(Tensor::cat(&parts, D::Minus1)?)
}
