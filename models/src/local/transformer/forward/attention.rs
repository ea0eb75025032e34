//! One block of the transformer from single operations, and attention from candle's own.

use candle_core::{D, Tensor};

use super::pass::{Pass, Tables};
use super::primitive::{soft_cap, softmax};
use super::weights::needed;
use super::{ForwardError, Weights};

/// Block number `layer`.
///
/// # Shapes
/// `input` and result: `[B * T, hidden]`.
pub(super) fn block(
    pass: &Pass<'_>,
    weights: &dyn Weights,
    layer: usize,
    input: &Tensor,
) -> Result<Tensor, ForwardError> {
    let config = pass.config;
    let prefix = format!("model.layers.{layer}");
    let norm = |name: &str, x: &Tensor| {
        let name = format!("{prefix}.{name}.weight");
        let weight = needed(weights.tensor(&name)?, || name)?;
        pass.norm(x, &weight)
    };
    let linear = |name: &str, x: &Tensor| weights.linear(&format!("{prefix}.{name}"), x);
    let normed = norm("input_layernorm", input)?;
    let mut queries = linear("self_attn.q_proj", &normed)?;
    let mut keys = linear("self_attn.k_proj", &normed)?;
    let values = linear("self_attn.v_proj", &normed)?;
    if config.qk_norm {
        let of_heads = |name: &str, x: &Tensor| -> Result<Tensor, ForwardError> {
            let heads = norm(name, &x.reshape(((), config.head_dim))?)?;
            Ok(heads.reshape(x.shape())?)
        };
        queries = of_heads("self_attn.q_norm", &queries)?;
        keys = of_heads("self_attn.k_norm", &keys)?;
    }
    let mixed = pass.attend(layer, &queries, &keys, &values)?;
    let mut attended = linear("self_attn.o_proj", &mixed)?;
    if config.sandwich_norms {
        attended = norm("post_attention_layernorm", &attended)?;
    }
    let middle = (input + attended)?;
    let normed = if config.sandwich_norms {
        norm("pre_feedforward_layernorm", &middle)?
    } else {
        norm("post_attention_layernorm", &middle)?
    };
    let gate = linear("mlp.gate_proj", &normed)?;
    let inner = pass.gate(&gate, &linear("mlp.up_proj", &normed)?)?;
    let mut output = linear("mlp.down_proj", &inner)?;
    if config.sandwich_norms {
        output = norm("post_feedforward_layernorm", &output)?;
    }
    Ok((middle + output)?)
}

/// Attention with rotation by candle's operations.
///
/// # Shapes
/// `queries` and result: `[B * T, heads * head_dim]`; `keys` and `values`:
/// `[B * T, kv_heads * head_dim]`.
pub(super) fn attend(
    pass: &Pass<'_>,
    layer: usize,
    queries: &Tensor,
    keys: &Tensor,
    values: &Tensor,
) -> Result<Tensor, ForwardError> {
    let config = pass.config;
    let tables = pass.tables()?;
    let (rows, length) = (pass.geometry.rows, pass.geometry.length);
    let (heads, kv_heads, dim) = (config.heads, config.kv_heads, config.head_dim);
    // [B * T, heads * dim] to [B, heads, T, dim].
    let split = |flat: &Tensor, heads: usize| -> Result<Tensor, ForwardError> {
        let split = flat.reshape((rows, length, heads, dim))?;
        Ok(split.transpose(1, 2)?.contiguous()?)
    };
    let rotate = |x: &Tensor| rotate(tables, config.rope_dims / 2, x);
    let queries = rotate(&split(queries, heads)?)?;
    let keys = rotate(&split(keys, kv_heads)?)?;
    let values = split(values, kv_heads)?;

    // Query heads that share a key head stand below each other, so that no key is copied.
    let group = heads / kv_heads;
    let queries = queries.reshape((rows, kv_heads, group * length, dim))?;
    let mut scores = (queries.matmul(&keys.transpose(2, 3)?)? * config.attention_scale)?;
    if let Some(cap) = config.attention_softcap {
        scores = soft_cap(&scores, cap)?;
    }
    let mask = match (config.window_of(layer), &tables.window_mask) {
        (Some(_), Some(mask)) => mask,
        _ => &tables.full_mask,
    };
    let scores = scores
        .reshape((rows, heads, length, length))?
        .broadcast_add(mask)?;
    let shares = softmax(&scores)?.reshape((rows, kv_heads, group * length, length))?;
    Ok(shares
        .matmul(&values)?
        .reshape((rows, heads, length, dim))?
        .transpose(1, 2)?
        .reshape((rows * length, heads * dim))?)
}

/// Rotates pairs `(d, d + half)` of each head.
///
/// # Shapes
/// `input` and result: `[B, heads, T, head_dim]`.
fn rotate(tables: &Tables, half: usize, input: &Tensor) -> Result<Tensor, ForwardError> {
    let (cosine, sine) = &tables.rotation;
    let first = input.narrow(D::Minus1, 0, half)?;
    let second = input.narrow(D::Minus1, half, half)?;
    let mut parts = vec![
        (first.broadcast_mul(cosine)? - second.broadcast_mul(sine)?)?,
        (second.broadcast_mul(cosine)? + first.broadcast_mul(sine)?)?,
    ];
    let rest = input.dim(D::Minus1)? - 2 * half;
    if rest > 0 {
        parts.push(input.narrow(D::Minus1, 2 * half, rest)?);
    }
    Ok(Tensor::cat(&parts, D::Minus1)?)
}
