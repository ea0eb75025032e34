//! Attention of the rows of a pass over the blocks of their sequences.

use candle_core::{D, DType, Result, Tensor};
use candle_nn::ops::softmax_last_dim;

use super::blocks::DeviceBlocks;
use super::plan::{Group, View};
use crate::local::transformer::TransformerConfig;

/// The attended values of each row.
///
/// # Shapes
/// `queries`: `[rows, heads, head_dim]`, scaled; result: `[rows, heads * head_dim]`.
pub(super) fn attend(
    config: &TransformerConfig,
    blocks: &DeviceBlocks,
    layer: usize,
    view: &View,
    queries: &Tensor,
) -> Result<Tensor> {
    let mixed: Result<Vec<Tensor>> = view
        .groups
        .iter()
        .map(|group| attend_group(config, blocks, layer, group, queries))
        .collect();
    let mixed = mixed?;
    let all = match &mixed[..] {
        [only] => only.clone(),
        several => Tensor::cat(several, 0)?,
    };
    match &view.order {
        Some(order) => all.index_select(order, 0),
        None => Ok(all),
    }
}

/// The attended values of one group's queries, `[members * queries, heads * head_dim]`.
fn attend_group(
    config: &TransformerConfig,
    blocks: &DeviceBlocks,
    layer: usize,
    group: &Group,
    queries: &Tensor,
) -> Result<Tensor> {
    let dtype = queries.dtype();
    let (kv, dim) = (config.kv_heads, config.head_dim);
    let shared = config.heads / kv;
    let (members, count, keys) = (group.members, group.queries, group.keys);
    let queries = match &group.rows {
        Some(rows) => queries.index_select(rows, 0)?,
        None => queries.clone(),
    };
    // Query heads that share a key head stand below each other, so that no key is copied.
    let queries = queries
        .reshape((members, count, kv, shared, dim))?
        .permute((2, 0, 3, 1, 4))?
        .contiguous()?
        .reshape((kv * members, shared * count, dim))?;
    let [k, v] = blocks.gather(layer, &group.blocks)?;
    let k = k.reshape((kv * members, keys, dim))?;
    let v = v.reshape((kv * members, keys, dim))?;

    let mut scores = queries.matmul(&k.transpose(1, 2)?)?.to_dtype(DType::F32)?;
    if let Some(cap) = config.attention_softcap {
        scores = ((scores / cap)?.tanh()? * cap)?;
    }
    let scores = scores
        .reshape((kv, members, shared, count, keys))?
        .broadcast_add(&group.mask)?;
    let shares = softmax_last_dim(&scores)?.to_dtype(dtype)?.reshape((
        kv * members,
        shared * count,
        keys,
    ))?;
    shares
        .matmul(&v)?
        .reshape((kv, members, shared, count, dim))?
        .permute((1, 3, 0, 2, 4))?
        .contiguous()?
        .reshape((members * count, config.heads * dim))
}

/// Rotates the pairs `(d, d + rope_dims / 2)` of each head.
///
/// # Shapes
/// `heads` and result: `[rows, heads, head_dim]`; `cosines` and `sines`: `[rows, 1, rope_dims / 2]`.
pub(super) fn rotate(heads: &Tensor, cosines: &Tensor, sines: &Tensor) -> Result<Tensor> {
    let (rows, count, dim) = heads.dims3()?;
    let turning = 2 * cosines.dim(D::Minus1)?;
    let turn = |part: &Tensor| -> Result<Tensor> {
        let part = part.reshape((rows, count, 1, turning))?;
        let turned = candle_nn::rotary_emb::rope(&part, cosines, sines)?;
        turned.reshape((rows, count, turning))
    };
    if turning == dim {
        return turn(heads);
    }
    let turned = turn(&heads.narrow(2, 0, turning)?.contiguous()?)?;
    let rest = heads.narrow(2, turning, dim - turning)?;
    Tensor::cat(&[turned, rest], 2)
}
