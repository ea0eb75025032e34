//! One forward pass on a device.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::ops::rms_norm;

use super::attention::{attend, rotate};
use super::blocks::DeviceBlocks;
use super::plan::{Plan, numbers};
use crate::local::cpu::{
    CacheError, CacheShape, Chunk, Inference, KvCache, Logits, PassError, Span, spans,
};
use crate::local::transformer::{Activation, TransformerConfig};

/// One layer's weights: matrices in the model's type, all else in f32.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) attention_norm: Tensor,
    /// `[(heads + 2 kv_heads) * head_dim, hidden]`.
    pub(super) qkv: Tensor,
    pub(super) qkv_bias: Option<Tensor>,
    /// A weight for each query and key head, `[heads + kv_heads, head_dim]`.
    pub(super) head_norms: Option<Tensor>,
    pub(super) output: Tensor,
    pub(super) output_bias: Option<Tensor>,
    pub(super) after_attention: Option<Tensor>,
    pub(super) mlp_norm: Tensor,
    /// `[2 * intermediate, hidden]`.
    pub(super) gate_up: Tensor,
    pub(super) down: Tensor,
    pub(super) after_mlp: Option<Tensor>,
}

/// A transformer on a device.
///
/// # Determinism
/// The last bits of a token's logits may depend on the other chunks of the pass, on how its sequence was cut
/// into chunks, and on shared prefixes.
#[derive(Debug, Clone)]
pub struct DeviceModel {
    pub(super) config: TransformerConfig,
    pub(super) device: Device,
    pub(super) dtype: DType,
    pub(super) embedding: Tensor,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Tensor,
    /// The embedding, where the head is tied.
    pub(super) head: Tensor,
    /// Ones, `[head_dim]`: head norms take their weights afterwards.
    pub(super) ones: Tensor,
}

impl DeviceModel {
    /// The model's configuration.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// The device it computes on.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// An empty cache for it on its device.
    ///
    /// # Errors
    /// [`CacheError`] when a size is 0 or the device has no room.
    pub fn cache(
        &self,
        shape: CacheShape,
        salt: &[u8],
    ) -> std::result::Result<KvCache<DeviceBlocks>, CacheError> {
        DeviceBlocks::cache(shape, salt, &self.device, self.dtype)
    }

    fn run(
        &self,
        cache: &KvCache<DeviceBlocks>,
        chunks: &[Chunk<'_>],
        spans: &[Span],
    ) -> Result<Vec<f32>> {
        let config = &self.config;
        let plan = Plan::new(config, cache, spans, &self.device)?;
        let (cosines, sines) = self.angles(spans)?;
        let mut stream = self.embed(chunks)?;
        for (index, layer) in self.layers.iter().enumerate() {
            let normed = self.norm(&stream, &layer.attention_norm)?;
            let qkv = linear(&normed, &layer.qkv, layer.qkv_bias.as_ref())?;
            let (queries, keys, values) = self.heads(layer, &qkv, &cosines, &sines)?;
            cache.storage().write(index, &plan.writes, &keys, &values)?;
            let Some(view) = plan.view(config.window_of(index).is_some()) else {
                candle_core::bail!("layer {index} has no view");
            };
            let mixed = attend(config, cache.storage(), index, view, &queries)?;
            let branch = linear(&mixed, &layer.output, layer.output_bias.as_ref())?;
            stream = self.join(&stream, branch, layer.after_attention.as_ref())?;

            let normed = self.norm(&stream, &layer.mlp_norm)?;
            let gates = linear(&normed, &layer.gate_up, None)?;
            let branch = linear(&self.gate(&gates)?, &layer.down, None)?;
            stream = self.join(&stream, branch, layer.after_mlp.as_ref())?;
        }
        self.logits(chunks, spans, &stream)
    }

    /// Embeddings in f32, `[rows, hidden]`.
    fn embed(&self, chunks: &[Chunk<'_>]) -> Result<Tensor> {
        let ids: Vec<u32> = chunks.iter().flat_map(|c| c.tokens).copied().collect();
        let count = ids.len();
        let ids = Tensor::from_vec(ids, count, &self.device)?;
        let rows = self.embedding.index_select(&ids, 0)?.to_dtype(DType::F32)?;
        match self.config.embedding_scale {
            true => rows * (self.config.hidden_size as f64).sqrt(),
            false => Ok(rows),
        }
    }

    /// Cosines and sines of each row's position, `[rows, 1, rope_dims / 2]`.
    fn angles(&self, spans: &[Span]) -> Result<(Tensor, Tensor)> {
        let frequencies = self.config.rope_frequencies();
        let (mut cosines, mut sines) = (Vec::new(), Vec::new());
        for position in spans.iter().flat_map(|s| s.start..s.start + s.count) {
            for frequency in &frequencies {
                let angle = position as f64 * frequency;
                cosines.push(libm::cos(angle) as f32);
                sines.push(libm::sin(angle) as f32);
            }
        }
        let rows = spans.iter().map(|span| span.count).sum::<usize>();
        let shape = (rows, 1, frequencies.len());
        let on_device = |values| Tensor::from_vec(values, shape, &self.device);
        Ok((on_device(cosines)?, on_device(sines)?))
    }

    /// The norm of f32 rows, in the model's type.
    fn norm(&self, rows: &Tensor, weight: &Tensor) -> Result<Tensor> {
        rms_norm(rows, weight, self.config.norm_eps as f32)?.to_dtype(self.dtype)
    }

    /// Scaled queries `[rows, heads, head_dim]`, keys and values `[kv_heads, rows, head_dim]` of the
    /// projections in f32.
    fn heads(
        &self,
        layer: &Layer,
        qkv: &Tensor,
        cosines: &Tensor,
        sines: &Tensor,
    ) -> Result<(Tensor, Tensor, Tensor)> {
        let config = &self.config;
        let (heads, kv, dim) = (config.heads, config.kv_heads, config.head_dim);
        let qkv = qkv.reshape(((), heads + 2 * kv, dim))?;
        let mut turning = qkv.narrow(1, 0, heads + kv)?.contiguous()?;
        if let Some(weights) = &layer.head_norms {
            turning =
                rms_norm(&turning, &self.ones, config.norm_eps as f32)?.broadcast_mul(weights)?;
        }
        let turned = rotate(&turning, cosines, sines)?;
        let queries = (turned.narrow(1, 0, heads)? * config.attention_scale)?;
        let by_head = |part: Tensor| -> Result<Tensor> {
            part.transpose(0, 1)?.to_dtype(self.dtype)?.contiguous()
        };
        Ok((
            queries.to_dtype(self.dtype)?.contiguous()?,
            by_head(turned.narrow(1, heads, kv)?)?,
            by_head(qkv.narrow(1, heads + kv, kv)?)?,
        ))
    }

    /// `activation(gate) * up` of the f32 rows `[gate, up]`, in the model's type.
    fn gate(&self, gates: &Tensor) -> Result<Tensor> {
        let inner = self.config.intermediate_size;
        let gate = gates.narrow(1, 0, inner)?;
        let up = gates.narrow(1, inner, inner)?;
        let gate = match self.config.activation {
            Activation::Silu => gate.silu()?,
            Activation::GeluTanh => gate.gelu()?,
            Activation::Gelu => gate.gelu_erf()?,
        };
        (gate * up)?.to_dtype(self.dtype)
    }

    /// The stream with a branch added, through a norm where the model has one there.
    fn join(&self, stream: &Tensor, branch: Tensor, norm: Option<&Tensor>) -> Result<Tensor> {
        let branch = match norm {
            Some(weight) => rms_norm(&branch, weight, self.config.norm_eps as f32)?,
            None => branch,
        };
        stream + branch
    }

    /// The wanted rows of logits.
    fn logits(&self, chunks: &[Chunk<'_>], spans: &[Span], stream: &Tensor) -> Result<Vec<f32>> {
        let mut wanted = Vec::new();
        for (chunk, span) in chunks.iter().zip(spans) {
            let end = span.row + span.count;
            wanted.extend(end - chunk.wanted.rows(span.count)..end);
        }
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let rows = stream.index_select(&numbers(wanted.into_iter(), &self.device)?, 0)?;
        let mut logits = linear(&self.norm(&rows, &self.norm)?, &self.head, None)?;
        if let Some(cap) = self.config.logit_softcap {
            logits = ((logits / cap)?.tanh()? * cap)?;
        }
        logits.flatten_all()?.to_vec1()
    }
}

impl Inference for DeviceModel {
    type Blocks = DeviceBlocks;

    fn config(&self) -> &TransformerConfig {
        self.config()
    }

    fn pass(
        &self,
        cache: &mut KvCache<DeviceBlocks>,
        chunks: &[Chunk<'_>],
    ) -> std::result::Result<Logits, PassError> {
        let spans = spans(&self.config, cache, chunks)?;
        let values = match spans.is_empty() {
            true => Vec::new(),
            false => self
                .run(cache, chunks, &spans)
                .map_err(|error| PassError::Device(error.to_string()))?,
        };
        for chunk in chunks {
            cache.append(chunk.sequence, chunk.tokens)?;
        }
        Ok(Logits::new(self.config.vocab_size, values))
    }
}

/// `rows * weight^T + bias` in f32; the product itself is of the weight's type.
fn linear(rows: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let product = rows.matmul(&weight.t()?)?.to_dtype(DType::F32)?;
    match bias {
        Some(bias) => product.broadcast_add(bias),
        None => Ok(product),
    }
}
