//! A whole block of the transformer as one operation.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use candle_core::{
    CpuStorage, CustomOp2, DType, Device, Layout as TensorLayout, Result, Shape, Tensor, bail,
};

use super::attention::{self, Heads};
use super::gate::{self, add_all};
use super::layout::{Gradients, Layout, Part};
use super::norm;
use super::products::linear;
use super::rotation::Rotation;
use super::slices::{slice, stored, with_all, with_values};
use super::span::Visibility;
use crate::local::transformer::{Activation, TransformerConfig};

/// One block on a stream `[rows * length, hidden]`.
///
/// Candle's operations take three tensors at most, and a block has more parameters. So the block
/// reads them beside the graph, and its second argument is the end of a chain of [`Link`]s, one a
/// parameter, that the backward pass walks next: each takes its gradient out of `gradients`.
pub(in crate::local::transformer) struct BlockOp {
    pub(super) layout: Arc<Layout>,
    /// The parameters in the order of the layout, contiguous.
    pub(super) weights: Vec<Tensor>,
    gradients: Arc<Mutex<Gradients>>,
    pub(super) sizes: Heads,
    pub(super) hidden: usize,
    pub(super) eps: f32,
    pub(super) plus_one: bool,
    pub(super) qk_norm: bool,
    pub(super) sandwich: bool,
    pub(super) activation: Activation,
    rotation: Rotation,
    pub(super) visible: Arc<dyn Visibility>,
    /// What the backward pass needs again; taken by it, and computed anew where it is gone.
    kept: Option<Mutex<Option<Kept>>>,
}

/// Intermediate results of one forward pass.
pub(super) struct Kept {
    pub(super) input_inverses: Vec<f32>,
    /// Queries and keys before their norms, with the inverses of both.
    pub(super) raw: Option<RawHeads>,
    pub(super) queries: Vec<f32>,
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
    pub(super) mixed: Vec<f32>,
    /// The output projection and its inverses, where a norm follows.
    pub(super) attended: Option<(Vec<f32>, Vec<f32>)>,
    pub(super) middle: Vec<f32>,
    pub(super) middle_inverses: Vec<f32>,
    pub(super) gate: Vec<f32>,
    pub(super) up: Vec<f32>,
    /// The feed-forward block's result and its inverses, where a norm follows.
    pub(super) fed: Option<(Vec<f32>, Vec<f32>)>,
}

pub(super) struct RawHeads {
    pub(super) queries: Vec<f32>,
    pub(super) keys: Vec<f32>,
    pub(super) query_inverses: Vec<f32>,
    pub(super) key_inverses: Vec<f32>,
}

impl BlockOp {
    /// A block on `rows` of `length` tokens, with contiguous `weights` in the order of `layout`.
    ///
    /// With `keep`, the forward pass keeps what the backward pass needs again.
    pub(in crate::local::transformer) fn new(
        config: &TransformerConfig,
        layout: Arc<Layout>,
        weights: Vec<Tensor>,
        rows: usize,
        length: usize,
        rotation: Rotation,
        visible: Arc<dyn Visibility>,
        keep: bool,
    ) -> Self {
        Self {
            layout,
            weights,
            gradients: Arc::default(),
            sizes: Heads::new(config, rows, length),
            hidden: config.hidden_size,
            eps: config.norm_eps as f32,
            plus_one: config.norm_plus_one,
            qk_norm: config.qk_norm,
            sandwich: config.sandwich_norms,
            activation: config.activation,
            rotation,
            visible,
            kept: keep.then(|| Mutex::new(None)),
        }
    }

    pub(super) fn tokens(&self) -> usize {
        self.sizes.rows * self.sizes.length
    }

    pub(super) fn norm_weight(&self, all: &[&[f32]], name: &str) -> Vec<f32> {
        norm::effective(self.layout.of(all, name), self.plus_one)
    }

    /// The norm before the feed-forward block.
    pub(super) fn middle_norm(&self) -> &'static str {
        if self.sandwich {
            "pre_feedforward_layernorm.weight"
        } else {
            "post_attention_layernorm.weight"
        }
    }

    pub(super) fn run(&self, input: &[f32], all: &[&[f32]]) -> (Vec<f32>, Kept) {
        let tokens = self.tokens();
        let weight = self.norm_weight(all, "input_layernorm.weight");
        let (normed, input_inverses) = norm::forward(input, &weight, self.eps);
        let project = |name: &str, input: &[f32]| {
            let weight = self.layout.of(all, &format!("{name}.weight"));
            let bias = self.layout.get(all, &format!("{name}.bias"));
            linear(input, weight, bias, tokens, input.len() / tokens)
        };
        let mut queries = project("self_attn.q_proj", &normed);
        let mut keys = project("self_attn.k_proj", &normed);
        let values = project("self_attn.v_proj", &normed);
        let mut raw = None;
        if self.qk_norm {
            let of_heads = |name: &str, heads: &[f32]| {
                norm::forward(heads, &self.norm_weight(all, name), self.eps)
            };
            let (normed_queries, query_inverses) = of_heads("self_attn.q_norm.weight", &queries);
            let (normed_keys, key_inverses) = of_heads("self_attn.k_norm.weight", &keys);
            raw = Some(RawHeads {
                queries: std::mem::replace(&mut queries, normed_queries),
                keys: std::mem::replace(&mut keys, normed_keys),
                query_inverses,
                key_inverses,
            });
        }
        self.rotate(&mut queries, false);
        self.rotate(&mut keys, false);
        let visible = self.visible.as_ref();
        let mixed = attention::forward(&self.sizes, &queries, &keys, &values, visible);
        let mut middle = project("self_attn.o_proj", &mixed);
        let mut attended = None;
        if self.sandwich {
            let weight = self.norm_weight(all, "post_attention_layernorm.weight");
            let (normed, inverses) = norm::forward(&middle, &weight, self.eps);
            attended = Some((std::mem::replace(&mut middle, normed), inverses));
        }
        add_all(&mut middle, input);

        let weight = self.norm_weight(all, self.middle_norm());
        let (normed, middle_inverses) = norm::forward(&middle, &weight, self.eps);
        let gate = project("mlp.gate_proj", &normed);
        let up = project("mlp.up_proj", &normed);
        let mut output = project("mlp.down_proj", &gate::gate(self.activation, &gate, &up));
        let mut fed = None;
        if self.sandwich {
            let weight = self.norm_weight(all, "post_feedforward_layernorm.weight");
            let (normed, inverses) = norm::forward(&output, &weight, self.eps);
            fed = Some((std::mem::replace(&mut output, normed), inverses));
        }
        add_all(&mut output, &middle);
        let kept = Kept {
            input_inverses,
            raw,
            queries,
            keys,
            values,
            mixed,
            attended,
            middle,
            middle_inverses,
            gate,
            up,
            fed,
        };
        (output, kept)
    }

    /// Rotates heads `[tokens, heads * dim]` by their positions, or back.
    pub(super) fn rotate(&self, heads: &mut [f32], back: bool) {
        self.rotation.turn(&self.sizes, heads, back);
    }

    /// Applies the block.
    pub(in crate::local::transformer) fn apply(self, stream: &Tensor) -> Result<Tensor> {
        let mut chain = Tensor::zeros(1, DType::F32, &Device::Cpu)?;
        for (part, weight) in self.weights.iter().enumerate() {
            if weight.track_op() {
                let gradients = Arc::clone(&self.gradients);
                chain = chain.apply_op2(weight, Link { gradients, part })?;
            }
        }
        stream.contiguous()?.apply_op2(&chain, self)
    }

    fn checked(&self, input: &[f32], all: &[&[f32]]) -> Result<()> {
        let counts = |part: &Part| part.shape.iter().product::<usize>();
        let expected: Vec<_> = self.layout.parts().iter().map(counts).collect();
        let found: Vec<_> = all.iter().map(|numbers| numbers.len()).collect();
        if expected != found {
            bail!("block: expected parameters of {expected:?} numbers, got {found:?}");
        }
        let expected = self.tokens() * self.hidden;
        if expected != input.len() {
            bail!(
                "block: expected a stream of {expected} numbers, got {}",
                input.len()
            );
        }
        Ok(())
    }
}

/// Carries the gradient of one parameter out of a block.
struct Link {
    gradients: Arc<Mutex<Gradients>>,
    part: usize,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves whole values only.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl CustomOp2 for Link {
    fn name(&self) -> &'static str {
        "transformer-block-parameter"
    }

    fn cpu_fwd(
        &self,
        _chain: &CpuStorage,
        chain_layout: &TensorLayout,
        _weight: &CpuStorage,
        _weight_layout: &TensorLayout,
    ) -> Result<(CpuStorage, Shape)> {
        Ok(stored(vec![0.0], chain_layout.shape()))
    }

    fn bwd(
        &self,
        chain: &Tensor,
        weight: &Tensor,
        _result: &Tensor,
        _gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let taken = locked(&self.gradients)
            .get_mut(self.part)
            .and_then(Option::take);
        let Some(gradient) = taken else {
            bail!(
                "block: the gradient of parameter {} is not there",
                self.part
            );
        };
        Ok((
            Some(chain.zeros_like()?),
            Some(Tensor::from_vec(gradient, weight.shape(), weight.device())?),
        ))
    }
}

impl CustomOp2 for BlockOp {
    fn name(&self) -> &'static str {
        "transformer-block"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &TensorLayout,
        _chain: &CpuStorage,
        _chain_layout: &TensorLayout,
    ) -> Result<(CpuStorage, Shape)> {
        let name = self.name();
        let input = slice(name, input, input_layout)?;
        let (output, kept) = with_all(name, &self.weights, |all| {
            self.checked(input, all)?;
            Ok(self.run(input, all))
        })?;
        if let Some(slot) = &self.kept {
            *locked(slot) = Some(kept);
        }
        Ok(stored(output, input_layout.shape()))
    }

    fn bwd(
        &self,
        input: &Tensor,
        chain: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let name = self.name();
        let (stream, of_parameters) = with_values(name, input, |values| {
            with_values(name, gradient, |gradient| {
                with_all(name, &self.weights, |all| {
                    let kept = self.kept.as_ref().and_then(|slot| locked(slot).take());
                    let kept = kept.unwrap_or_else(|| self.run(values, all).1);
                    Ok(self.gradients(values, all, kept, gradient))
                })
            })
        })?;
        *locked(&self.gradients) = of_parameters;
        Ok((
            Some(Tensor::from_vec(stream, input.shape(), input.device())?),
            Some(chain.zeros_like()?),
        ))
    }
}
