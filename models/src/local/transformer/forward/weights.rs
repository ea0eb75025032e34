//! Where the forward pass takes its numbers from.

use std::collections::HashMap;

use candle_core::Tensor;

use super::ForwardError;
use crate::local::transformer::parameters::Parameters;

/// The embedding, which a tied head shares.
pub(super) const EMBEDDING: &str = "model.embed_tokens.weight";
/// The layer that makes logits.
pub(super) const HEAD: &str = "lm_head";

/// The numbers of a transformer, by name.
///
/// Masks and merged adapters give other tensors ([`tensor`](Self::tensor)); adapters that
/// compute beside a linear layer override [`linear`](Self::linear) and say so by
/// [`adapts`](Self::adapts).
pub trait Weights {
    /// The tensor of this name, `None` if there is none.
    ///
    /// # Errors
    /// When computing a substituted tensor fails.
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError>;

    /// Whether [`linear`](Self::linear) of this layer (a name without `.weight`) is more than its
    /// weight and bias. Such layers are left out of fused operations.
    fn adapts(&self, _layer: &str) -> bool {
        false
    }

    /// Applies the linear layer of this name: `input * weight^T + bias`. The head is called
    /// `lm_head`, be it tied or not.
    ///
    /// # Shapes
    /// `input`: `[N, in]`; result: `[N, out]`.
    ///
    /// # Errors
    /// When the layer's weight is missing or the tensor library fails.
    fn linear(&self, layer: &str, input: &Tensor) -> Result<Tensor, ForwardError> {
        plain_linear(self, layer, input)
    }
}

/// Weight and bias of a linear layer applied.
fn plain_linear<W: Weights + ?Sized>(
    weights: &W,
    layer: &str,
    input: &Tensor,
) -> Result<Tensor, ForwardError> {
    let name = format!("{layer}.weight");
    let weight = match weights.tensor(&name)? {
        // A tied head has no weight of its own.
        None if layer == HEAD => weights.tensor(EMBEDDING)?,
        weight => weight,
    };
    let weight = needed(weight, || name)?;
    let output = input.matmul(&weight.t()?)?;
    match weights.tensor(&format!("{layer}.bias"))? {
        Some(bias) => Ok(output.broadcast_add(&bias)?),
        None => Ok(output),
    }
}

pub(super) fn needed(
    tensor: Option<Tensor>,
    name: impl FnOnce() -> String,
) -> Result<Tensor, ForwardError> {
    tensor.ok_or_else(|| ForwardError::MissingTensor { tensor: name() })
}

impl Weights for Parameters {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError> {
        Ok(self.get(name).map(|var| var.as_tensor().clone()))
    }
}

impl<W: Weights + ?Sized> Weights for &W {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError> {
        (**self).tensor(name)
    }

    fn adapts(&self, layer: &str) -> bool {
        (**self).adapts(layer)
    }

    fn linear(&self, layer: &str, input: &Tensor) -> Result<Tensor, ForwardError> {
        (**self).linear(layer, input)
    }
}

/// Weights with some tensors replaced, such as masked ones or those with a merged adapter.
#[derive(Debug, Clone)]
pub struct Substituted<W> {
    base: W,
    tensors: HashMap<String, Tensor>,
}

impl<W: Weights> Substituted<W> {
    /// `base`, but for `tensors`.
    pub fn new(base: W, tensors: HashMap<String, Tensor>) -> Self {
        Self { base, tensors }
    }
}

impl<W: Weights> Weights for Substituted<W> {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError> {
        match self.tensors.get(name) {
            Some(tensor) => Ok(Some(tensor.clone())),
            None => self.base.tensor(name),
        }
    }

    fn adapts(&self, layer: &str) -> bool {
        !self.tensors.contains_key(&format!("{layer}.weight")) && self.base.adapts(layer)
    }

    fn linear(&self, layer: &str, input: &Tensor) -> Result<Tensor, ForwardError> {
        if self.adapts(layer) {
            return self.base.linear(layer, input);
        }
        plain_linear(self, layer, input)
    }
}

/// Weights of which no gradient is wanted: a reference model, or an evaluation.
#[derive(Debug, Clone)]
pub struct Frozen<W>(pub W);

impl<W: Weights> Weights for Frozen<W> {
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError> {
        Ok(self.0.tensor(name)?.map(|tensor| tensor.detach()))
    }

    fn adapts(&self, layer: &str) -> bool {
        self.0.adapts(layer)
    }

    fn linear(&self, layer: &str, input: &Tensor) -> Result<Tensor, ForwardError> {
        if self.adapts(layer) {
            return Ok(self.0.linear(layer, input)?.detach());
        }
        plain_linear(self, layer, input)
    }
}
