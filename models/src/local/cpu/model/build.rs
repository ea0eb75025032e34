//! Packing a checkpoint's tensors into a model.

use super::linear::Linear;
use super::pass::{CpuModel, Layer};
use super::weights::{WeightError, WeightSource, Weights};
use crate::kernels::{PackedMatrix, Threads};
use crate::local::cpu::quantised::{Blocks, QuantisedMatrix};
use crate::local::transformer::{AttentionMask, ConfigError, TransformerConfig};

/// Why a model cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The configuration is not sound.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A tensor cannot be had.
    #[error(transparent)]
    Weight(#[from] WeightError),
    /// A tensor has another shape than the configuration says.
    #[error("tensor `{name}`: expected shape {expected:?}, got {got:?}")]
    Shape {
        /// The tensor.
        name: String,
        /// By the configuration.
        expected: Vec<usize>,
        /// In the checkpoint.
        got: Vec<usize>,
    },
    /// Only causal models can be run token by token.
    #[error("model: expected a causal attention mask, got a bidirectional one")]
    Bidirectional,
    /// The device refuses the weights.
    #[error("device: {0}")]
    Device(String),
}

/// All weights of a model, packed.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    pub(super) embedding: Linear,
    pub(super) layers: Vec<Layer>,
    pub(super) norm: Vec<f32>,
    /// The head where it is not the embedding.
    pub(super) head: Option<Linear>,
}

impl CpuModel {
    /// Packs the tensors of a source.
    ///
    /// # Errors
    /// [`BuildError`] when the configuration is unsound, or a tensor is missing or misshapen.
    pub fn build(
        config: &TransformerConfig,
        source: &mut dyn WeightSource,
        threads: Threads,
    ) -> Result<Self, BuildError> {
        config.validate()?;
        if config.mask != AttentionMask::Causal {
            return Err(BuildError::Bidirectional);
        }
        let mut builder = Builder { config, source };
        let width = config.hidden_size;
        let vocab = config.vocab_size;
        let layers = (0..config.layers)
            .map(|index| builder.layer(index))
            .collect::<Result<_, _>>()?;
        let parts = Parts {
            layers,
            embedding: builder.linear(&[("model.embed_tokens", vocab)], width)?,
            norm: builder.norm("model.norm", width)?,
            head: if config.tied_head {
                None
            } else {
                Some(builder.linear(&[("lm_head", vocab)], width)?)
            },
        };
        Ok(Self::over(config.clone(), parts, threads))
    }
}

struct Builder<'a> {
    config: &'a TransformerConfig,
    source: &'a mut dyn WeightSource,
}

impl Builder<'_> {
    fn layer(&mut self, index: usize) -> Result<Layer, BuildError> {
        let config = self.config;
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let (q, kv) = (
            config.heads * config.head_dim,
            config.kv_heads * config.head_dim,
        );
        let name = |part: &str| format!("model.layers.{index}.{part}");
        let [query, key, value, output] =
            ["q", "k", "v", "o"].map(|p| name(&format!("self_attn.{p}_proj")));
        let [gate, up, down] = ["gate", "up", "down"].map(|p| name(&format!("mlp.{p}_proj")));
        let qkv = [
            (query.as_str(), q),
            (key.as_str(), kv),
            (value.as_str(), kv),
        ];
        let qk_norm = |builder: &mut Self, part: &str| {
            config
                .qk_norm
                .then(|| builder.norm(&name(&format!("self_attn.{part}")), config.head_dim))
                .transpose()
        };
        let (query_norm, key_norm) = (qk_norm(self, "q_norm")?, qk_norm(self, "k_norm")?);
        let after = name("post_attention_layernorm");
        let (after_attention, mlp_norm, after_mlp) = if config.sandwich_norms {
            (
                Some(self.norm(&after, width)?),
                self.norm(&name("pre_feedforward_layernorm"), width)?,
                Some(self.norm(&name("post_feedforward_layernorm"), width)?),
            )
        } else {
            (None, self.norm(&after, width)?, None)
        };
        Ok(Layer {
            attention_norm: self.norm(&name("input_layernorm"), width)?,
            qkv: self.linear(&qkv, width)?,
            qkv_bias: if config.qkv_bias {
                Some(self.biases(&qkv)?)
            } else {
                None
            },
            query_norm,
            key_norm,
            output: self.linear(&[(&output, width)], q)?,
            output_bias: if config.output_bias {
                Some(self.biases(&[(&output, width)])?)
            } else {
                None
            },
            after_attention,
            mlp_norm,
            gate_up: self.linear(&[(&gate, inner), (&up, inner)], width)?,
            down: self.linear(&[(&down, width)], inner)?,
            after_mlp,
        })
    }

    /// A norm's weights, with Gemma's 1 added.
    fn norm(&mut self, module: &str, width: usize) -> Result<Vec<f32>, BuildError> {
        let mut weight = self.floats(&format!("{module}.weight"), &[width])?;
        if self.config.norm_plus_one {
            weight.iter_mut().for_each(|w| *w += 1.0);
        }
        Ok(weight)
    }

    fn biases(&mut self, modules: &[(&str, usize)]) -> Result<Vec<f32>, BuildError> {
        let mut biases = Vec::new();
        for (module, outputs) in modules {
            biases.extend(self.floats(&format!("{module}.bias"), &[*outputs])?);
        }
        Ok(biases)
    }

    /// A tensor as floats, whatever its format.
    fn floats(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, BuildError> {
        let (got, values) = match self.source.weights(name)? {
            Weights::Floats { shape, values } => (shape, values),
            Weights::Blocks(blocks) => (blocks.shape().to_vec(), blocks.to_floats()),
        };
        fits(name, expected, &got)?;
        Ok(values)
    }

    /// Matrices one below the other, each `(module, outputs)`; neighbours of one format are
    /// packed as one.
    fn linear(&mut self, modules: &[(&str, usize)], inner: usize) -> Result<Linear, BuildError> {
        let mut linear = Linear::new(inner);
        let mut floats: Vec<Vec<f32>> = Vec::new();
        let mut blocks: Vec<Blocks> = Vec::new();
        for (module, outputs) in modules {
            let name = format!("{module}.weight");
            let expected = [*outputs, inner];
            match self.source.weights(&name)? {
                Weights::Floats { shape, values } => {
                    fits(&name, &expected, &shape)?;
                    push_blocks(&mut linear, &mut blocks);
                    floats.push(values);
                }
                Weights::Blocks(next) => {
                    fits(&name, &expected, &next.shape())?;
                    push_floats(&mut linear, &mut floats, inner);
                    if blocks.first().is_some_and(|b| b.format() != next.format()) {
                        push_blocks(&mut linear, &mut blocks);
                    }
                    blocks.push(next);
                }
            }
        }
        push_floats(&mut linear, &mut floats, inner);
        push_blocks(&mut linear, &mut blocks);
        Ok(linear)
    }
}

fn push_floats(linear: &mut Linear, floats: &mut Vec<Vec<f32>>, inner: usize) {
    if !floats.is_empty() {
        let parts: Vec<&[f32]> = floats.iter().map(Vec::as_slice).collect();
        linear.push_floats(PackedMatrix::pack(&parts, inner));
        floats.clear();
    }
}

fn push_blocks(linear: &mut Linear, blocks: &mut Vec<Blocks>) {
    if !blocks.is_empty() {
        linear.push_quantised(QuantisedMatrix::pack(blocks));
        blocks.clear();
    }
}

fn fits(name: &str, expected: &[usize], got: &[usize]) -> Result<(), BuildError> {
    if expected == got {
        return Ok(());
    }
    Err(BuildError::Shape {
        name: name.to_owned(),
        expected: expected.to_vec(),
        got: got.to_vec(),
    })
}
