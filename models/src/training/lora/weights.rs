//! A transformer's weights with adapters beside them.

use candle_core::Tensor;

use super::Lora;
use crate::local::transformer::{ForwardError, Parameters, Weights};

/// The parameters of a transformer, frozen, with adapters beside its linear layers.
#[derive(Debug, Clone, Copy)]
pub struct AdaptedWeights<'a> {
    /// The base.
    pub base: &'a Parameters,
    /// The adapters.
    pub lora: &'a Lora,
}

/// Name of the embedding, which is the head of tied models.
const EMBEDDING: &str = "model.embed_tokens.weight";
const HEAD: &str = "lm_head.weight";

impl Weights for AdaptedWeights<'_> {
    /// The base's tensor, detached; the embedding with its change.
    fn tensor(&self, name: &str) -> Result<Option<Tensor>, ForwardError> {
        let Some(var) = self.base.get(name) else {
            return Ok(None);
        };
        if name == EMBEDDING {
            return Ok(Some(self.lora.weight(name, var.as_tensor())?));
        }
        Ok(Some(var.as_detached_tensor()))
    }

    fn adapts(&self, layer: &str) -> bool {
        self.lora.adapter(&format!("{layer}.weight")).is_some()
    }

    fn linear(&self, layer: &str, input: &Tensor) -> Result<Tensor, ForwardError> {
        let mut name = format!("{layer}.weight");
        if name == HEAD && self.base.get(HEAD).is_none() {
            EMBEDDING.clone_into(&mut name);
        }
        let Some(weight) = self.base.get(&name) else {
            return Err(ForwardError::MissingTensor { tensor: name });
        };
        let output = self
            .lora
            .linear(&name, weight.as_tensor(), &input.contiguous()?)?;
        match self.base.get(&format!("{layer}.bias")) {
            Some(bias) => Ok(output.broadcast_add(&bias.as_detached_tensor())?),
            None => Ok(output),
        }
    }
}
