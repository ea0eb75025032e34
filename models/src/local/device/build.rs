//! Putting a source's tensors on a device.

use candle_core::{DType, Device, Tensor};

use super::model::{DeviceModel, Layer};
use crate::local::cpu::{BuildError, WeightSource, Weights};
use crate::local::transformer::{AttentionMask, TransformerConfig};

impl DeviceModel {
    /// Puts the tensors of a source on `device`, matrices as elements of `dtype`; quantised ones are widened first.
    ///
    /// # Errors
    /// [`BuildError`] when the configuration is unsound, a tensor is missing or misshapen, or the device has
    /// no room.
    pub fn build(
        config: &TransformerConfig,
        source: &mut dyn WeightSource,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, BuildError> {
        config.validate()?;
        if config.mask != AttentionMask::Causal {
            return Err(BuildError::Bidirectional);
        }
        let mut builder = Builder {
            config,
            source,
            device,
            dtype,
        };
        let (width, vocab) = (config.hidden_size, config.vocab_size);
        let embedding = builder.matrix(&[("model.embed_tokens", vocab)], width)?;
        let layers = (0..config.layers)
            .map(|index| builder.layer(index))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            layers,
            norm: builder.norm("model.norm", width)?,
            head: match config.tied_head {
                true => embedding.clone(),
                false => builder.matrix(&[("lm_head", vocab)], width)?,
            },
            embedding,
            ones: Tensor::ones(config.head_dim, DType::F32, device).map_err(failed)?,
            config: config.clone(),
            device: device.clone(),
            dtype,
        })
    }
}

struct Builder<'a> {
    config: &'a TransformerConfig,
    source: &'a mut dyn WeightSource,
    device: &'a Device,
    dtype: DType,
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
        let after = self.norm(&name("post_attention_layernorm"), width)?;
        let (after_attention, mlp_norm, after_mlp) = match config.sandwich_norms {
            true => (
                Some(after),
                self.norm(&name("pre_feedforward_layernorm"), width)?,
                Some(self.norm(&name("post_feedforward_layernorm"), width)?),
            ),
            false => (None, after, None),
        };
        Ok(Layer {
            attention_norm: self.norm(&name("input_layernorm"), width)?,
            qkv: self.matrix(&qkv, width)?,
            qkv_bias: match config.qkv_bias {
                true => Some(self.biases(&qkv)?),
                false => None,
            },
            head_norms: match config.qk_norm {
                true => Some(self.head_norms(&name("self_attn"))?),
                false => None,
            },
            output: self.matrix(&[(&output, width)], q)?,
            output_bias: match config.output_bias {
                true => Some(self.biases(&[(&output, width)])?),
                false => None,
            },
            after_attention,
            mlp_norm,
            gate_up: self.matrix(&[(&gate, inner), (&up, inner)], width)?,
            down: self.matrix(&[(&down, width)], inner)?,
            after_mlp,
        })
    }

    /// A norm's weights in f32, with Gemma's 1 added.
    fn norm(&mut self, module: &str, width: usize) -> Result<Tensor, BuildError> {
        let mut weight = self.floats(&format!("{module}.weight"), &[width])?;
        if self.config.norm_plus_one {
            weight.iter_mut().for_each(|w| *w += 1.0);
        }
        Tensor::from_vec(weight, width, self.device).map_err(failed)
    }

    /// The norms of queries and keys, a row for each head.
    fn head_norms(&mut self, module: &str) -> Result<Tensor, BuildError> {
        let dim = self.config.head_dim;
        let mut rows = Vec::new();
        for (part, heads) in [
            ("q_norm", self.config.heads),
            ("k_norm", self.config.kv_heads),
        ] {
            let norm = self.norm(&format!("{module}.{part}"), dim)?;
            let norm = norm.broadcast_as((heads, dim)).map_err(failed)?;
            rows.push(norm);
        }
        Tensor::cat(&rows, 0).map_err(failed)
    }

    fn biases(&mut self, modules: &[(&str, usize)]) -> Result<Tensor, BuildError> {
        let mut biases = Vec::new();
        for (module, outputs) in modules {
            biases.extend(self.floats(&format!("{module}.bias"), &[*outputs])?);
        }
        let count = biases.len();
        Tensor::from_vec(biases, count, self.device).map_err(failed)
    }

    /// Matrices one below the other, each `(module, outputs)`, in the model's type.
    fn matrix(&mut self, modules: &[(&str, usize)], inner: usize) -> Result<Tensor, BuildError> {
        let mut parts = Vec::new();
        for (module, outputs) in modules {
            let shape = [*outputs, inner];
            let values = self.floats(&format!("{module}.weight"), &shape)?;
            // Narrowed before it is sent, so that the device needs no room for both.
            let part = Tensor::from_vec(values, &shape, &Device::Cpu)
                .and_then(|part| part.to_dtype(self.dtype)?.to_device(self.device));
            parts.push(part.map_err(failed)?);
        }
        match parts.len() {
            1 => Ok(parts.remove(0)),
            _ => Tensor::cat(&parts, 0).map_err(failed),
        }
    }

    /// A tensor as floats, whatever its format.
    fn floats(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, BuildError> {
        let (got, values) = match self.source.weights(name)? {
            Weights::Floats { shape, values } => (shape, values),
            Weights::Blocks(blocks) => (blocks.shape().to_vec(), blocks.to_floats()),
        };
        match expected == got {
            true => Ok(values),
            false => Err(BuildError::Shape {
                name: name.to_owned(),
                expected: expected.to_vec(),
                got,
            }),
        }
    }
}

fn failed(error: candle_core::Error) -> BuildError {
    BuildError::Device(error.to_string())
}
