//! One forward pass.

use std::sync::Arc;

use super::attention::attend_chunks;
use super::build::Parts;
use super::chunks::{Chunk, Inference, Logits, Span, spans};
use super::error::PassError;
use super::linear::Linear;
use super::workspace::{Workspace, Workspaces};
use crate::kernels::{Level, Threads};
use crate::local::cpu::cache::{HostBlocks, KvCache};
use crate::local::cpu::kernels::{Gate, Rotary, gated, rms_norm, rotate, softcap};
use crate::local::transformer::TransformerConfig;

/// One layer's weights.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) attention_norm: Vec<f32>,
    pub(super) qkv: Linear,
    pub(super) qkv_bias: Option<Vec<f32>>,
    pub(super) query_norm: Option<Vec<f32>>,
    pub(super) key_norm: Option<Vec<f32>>,
    pub(super) output: Linear,
    pub(super) output_bias: Option<Vec<f32>>,
    pub(super) after_attention: Option<Vec<f32>>,
    pub(super) mlp_norm: Vec<f32>,
    pub(super) gate_up: Linear,
    pub(super) down: Linear,
    pub(super) after_mlp: Option<Vec<f32>>,
}

/// A transformer ready for inference on the CPU. Clones share the weights.
///
/// # Determinism
/// The logits of a token depend on the tokens before it alone: not on the other chunks of the
/// pass, on how its sequence was cut into chunks, on shared prefixes, on the block size of the
/// cache, on threads or on the processor's vector width. They are equal bit by bit.
#[derive(Debug, Clone)]
pub struct CpuModel {
    config: TransformerConfig,
    parts: Arc<Parts>,
    rotary: Rotary,
    threads: Threads,
    level: Level,
    workspaces: Arc<Workspaces>,
}

impl CpuModel {
    /// A model over built parts.
    pub(super) fn over(config: TransformerConfig, parts: Parts, threads: Threads) -> Self {
        Self {
            rotary: Rotary::new(&config.rope_frequencies()),
            config,
            parts: Arc::new(parts),
            threads,
            level: Level::best(),
            workspaces: Arc::default(),
        }
    }

    /// The same model with other instructions; results do not change.
    #[must_use]
    pub fn with_level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// The same model with other threads; results do not change.
    #[must_use]
    pub fn with_threads(mut self, threads: Threads) -> Self {
        self.threads = threads;
        self
    }

    /// The threads it runs on.
    pub fn threads(&self) -> &Threads {
        &self.threads
    }

    /// The model's configuration.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// Memory of the packed matrices, in bytes.
    pub fn weight_bytes(&self) -> u64 {
        let layers = self.parts.layers.iter().map(|layer| {
            [&layer.qkv, &layer.output, &layer.gate_up, &layer.down]
                .map(Linear::bytes)
                .iter()
                .sum::<u64>()
        });
        let head = self.parts.head.as_ref().map_or(0, Linear::bytes);
        layers.sum::<u64>() + self.parts.embedding.bytes() + head
    }

    /// Runs the next tokens of some sequences, which grow by them, and returns the wanted logits.
    ///
    /// # Shapes
    /// One row of logits for each wanted token, in the chunks' order.
    ///
    /// # Errors
    /// [`PassError`]; no sequence has grown then, though blocks may have been reserved.
    pub fn pass(&self, cache: &mut KvCache, chunks: &[Chunk<'_>]) -> Result<Logits, PassError> {
        let spans = spans(&self.config, cache, chunks)?;
        let hidden = self.hidden(cache, chunks, &spans);
        for chunk in chunks {
            cache.append(chunk.sequence, chunk.tokens)?;
        }
        Ok(self.logits(chunks, &spans, &hidden))
    }

    /// The residual stream after the last layer.
    fn hidden(&self, cache: &mut KvCache, chunks: &[Chunk<'_>], spans: &[Span]) -> Vec<f32> {
        let config = &self.config;
        let mut stream = self.embed(chunks);
        let (mut cos, mut sin) = (Vec::new(), Vec::new());
        for span in spans {
            for position in span.start..span.start + span.count {
                self.rotary.angles(position, &mut cos, &mut sin);
            }
        }
        let Workspace {
            mut normed,
            mut qkv,
            mut attended,
            mut branch,
            mut gates,
            mut inner,
        } = self.workspaces.take();
        normed.resize(stream.len(), 0.0);
        for (index, layer) in self.parts.layers.iter().enumerate() {
            self.norm_rows(&stream, &layer.attention_norm, &mut normed);
            layer
                .qkv
                .product(self.level, &normed, &mut qkv, &self.threads);
            add_bias(&mut qkv, layer.qkv_bias.as_deref());
            self.turn_heads(layer, &mut qkv, &cos, &sin);
            self.store(cache, index, spans, &qkv);
            attended.resize(
                qkv.len() / self.qkv_width() * config.heads * config.head_dim,
                0.0,
            );
            attend_chunks(
                config,
                index,
                cache,
                spans,
                &qkv,
                &mut attended,
                self.level,
                &self.threads,
            );
            layer
                .output
                .product(self.level, &attended, &mut branch, &self.threads);
            add_bias(&mut branch, layer.output_bias.as_deref());
            self.join(
                &mut stream,
                &branch,
                layer.after_attention.as_deref(),
                &mut normed,
            );

            self.norm_rows(&stream, &layer.mlp_norm, &mut normed);
            layer
                .gate_up
                .product(self.level, &normed, &mut gates, &self.threads);
            self.gate_rows(&gates, &mut inner);
            layer
                .down
                .product(self.level, &inner, &mut branch, &self.threads);
            self.join(
                &mut stream,
                &branch,
                layer.after_mlp.as_deref(),
                &mut normed,
            );
        }
        self.workspaces.put(Workspace {
            normed,
            qkv,
            attended,
            branch,
            gates,
            inner,
        });
        stream
    }

    /// The wanted rows of logits.
    fn logits(&self, chunks: &[Chunk<'_>], spans: &[Span], hidden: &[f32]) -> Logits {
        let width = self.config.hidden_size;
        let mut wanted = Vec::new();
        for (chunk, span) in chunks.iter().zip(spans) {
            let end = span.row + span.count;
            let first = end - chunk.wanted.rows(span.count);
            wanted.extend_from_slice(&hidden[first * width..end * width]);
        }
        let mut normed = vec![0.0; wanted.len()];
        self.norm_rows(&wanted, &self.parts.norm, &mut normed);
        let head = self.parts.head.as_ref().unwrap_or(&self.parts.embedding);
        let mut values = Vec::new();
        head.product(self.level, &normed, &mut values, &self.threads);
        if let Some(cap) = self.config.logit_softcap {
            softcap(self.level, &mut values, cap as f32);
        }
        Logits::new(self.config.vocab_size, values)
    }

    fn qkv_width(&self) -> usize {
        (self.config.heads + 2 * self.config.kv_heads) * self.config.head_dim
    }

    fn embed(&self, chunks: &[Chunk<'_>]) -> Vec<f32> {
        let width = self.config.hidden_size;
        let tokens: usize = chunks.iter().map(|c| c.tokens.len()).sum();
        let mut stream = vec![0.0; tokens * width];
        let tokens = chunks.iter().flat_map(|c| c.tokens);
        let scale = (width as f32).sqrt();
        for (token, row) in tokens.zip(stream.chunks_exact_mut(width)) {
            self.parts.embedding.read_row(*token as usize, row);
            if self.config.embedding_scale {
                row.iter_mut().for_each(|x| *x *= scale);
            }
        }
        stream
    }

    fn norm_rows(&self, x: &[f32], weight: &[f32], out: &mut [f32]) {
        let eps = self.config.norm_eps as f32;
        let rows = x.chunks_exact(weight.len());
        for (x, out) in rows.zip(out.chunks_exact_mut(weight.len())) {
            rms_norm(self.level, x, weight, eps, out);
        }
    }

    /// Norms queries and keys where the model does, and rotates them.
    fn turn_heads(&self, layer: &Layer, qkv: &mut [f32], cos: &[f32], sin: &[f32]) {
        let config = &self.config;
        let eps = config.norm_eps as f32;
        let pairs = self.rotary.pairs();
        let mut copy = vec![0.0; config.head_dim];
        for (r, row) in qkv.chunks_exact_mut(self.qkv_width()).enumerate() {
            let cos = &cos[r * pairs..(r + 1) * pairs];
            let sin = &sin[r * pairs..(r + 1) * pairs];
            let heads = row.chunks_exact_mut(config.head_dim);
            for (h, head) in heads.take(config.heads + config.kv_heads).enumerate() {
                let norm = if h < config.heads {
                    &layer.query_norm
                } else {
                    &layer.key_norm
                };
                if let Some(weight) = norm {
                    copy.copy_from_slice(head);
                    rms_norm(self.level, &copy, weight, eps, head);
                }
                rotate(head, cos, sin);
            }
        }
    }

    /// Writes the rows' keys and values to the cache.
    fn store(&self, cache: &mut KvCache, layer: usize, spans: &[Span], qkv: &[f32]) {
        let config = &self.config;
        let (dim, size) = (config.head_dim, cache.shape().block_size);
        let first_key = config.heads * dim;
        let first_value = first_key + config.kv_heads * dim;
        for span in spans {
            let blocks = cache.blocks(span.sequence).unwrap_or_default().to_vec();
            for head in 0..config.kv_heads {
                for i in 0..span.count {
                    let row = &qkv[(span.row + i) * self.qkv_width()..][..self.qkv_width()];
                    let position = span.start + i;
                    let key = &row[first_key + head * dim..][..dim];
                    let value = &row[first_value + head * dim..][..dim];
                    cache.write(
                        layer,
                        blocks[position / size],
                        head,
                        position % size,
                        key,
                        value,
                    );
                }
            }
        }
    }

    fn gate_rows(&self, gates: &[f32], inner: &mut Vec<f32>) {
        let width = self.config.intermediate_size;
        let kind = Gate::of(self.config.activation);
        inner.resize(gates.len() / 2, 0.0);
        let rows = gates.chunks_exact(2 * width);
        for (row, out) in rows.zip(inner.chunks_exact_mut(width)) {
            let (gate, up) = row.split_at(width);
            gated(self.level, kind, gate, up, out);
        }
    }

    /// Adds a branch to the stream, through a norm where the model has one there.
    fn join(&self, stream: &mut [f32], branch: &[f32], norm: Option<&[f32]>, normed: &mut [f32]) {
        let branch = match norm {
            Some(weight) => {
                self.norm_rows(branch, weight, normed);
                normed
            }
            None => branch,
        };
        for (x, y) in stream.iter_mut().zip(branch) {
            *x += y;
        }
    }
}

impl Inference for CpuModel {
    type Blocks = HostBlocks;

    fn config(&self) -> &TransformerConfig {
        self.config()
    }

    fn threads(&self) -> Threads {
        self.threads().clone()
    }

    fn pass(&self, cache: &mut KvCache, chunks: &[Chunk<'_>]) -> Result<Logits, PassError> {
        self.pass(cache, chunks)
    }
}

fn add_bias(rows: &mut [f32], bias: Option<&[f32]>) {
    if let Some(bias) = bias {
        for row in rows.chunks_exact_mut(bias.len()) {
            for (x, b) in row.iter_mut().zip(bias) {
                *x += b;
            }
        }
    }
}
