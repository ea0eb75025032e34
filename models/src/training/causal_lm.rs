//! A transformer as something to train: next tokens, all parameters or an adapter.

use candle_core::{Tensor, Var};
use rayon::prelude::*;
use rounds_environments::streams::RunSeed;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::data::hex;
use super::lora::AdaptedWeights;
use super::tensors::{GraphPass, Variable};
use super::{
    Batch, Forward, Lora, LoraConfig, Parameter, Pass, TrainConfig, TrainError, Trainable,
    TrainingData,
};
use crate::local::transformer::{
    Activation, Branch, ForwardError, Parameters, TokenBatch, Transformer, TransformerConfig,
    Weights,
};

/// A language model that predicts the next token.
///
/// No piece sees another; what pieces of a row begin with in common is computed once.
#[derive(Debug, Clone)]
pub struct CausalLm {
    transformer: Transformer,
    parameters: Parameters,
    adapter: Option<(Lora, String)>,
}

impl CausalLm {
    /// A model all of whose parameters are trained, in place: clones of `parameters` share the variables.
    ///
    /// # Errors
    /// [`TrainError::Config`] when the configuration is refused.
    pub fn new(config: TransformerConfig, parameters: Parameters) -> Result<Self, TrainError> {
        let transformer = Transformer::new(config).map_err(|error| {
            TrainError::config("model", "a configuration of a causal transformer", error)
        })?;
        Ok(Self {
            transformer,
            parameters,
            adapter: None,
        })
    }

    /// A model whose parameters are frozen and that trains fresh adapters.
    ///
    /// # Errors
    /// As [`CausalLm::new`] and [`Lora::new`].
    pub fn adapted(
        config: TransformerConfig,
        parameters: Parameters,
        lora: &LoraConfig,
        seed: RunSeed,
    ) -> Result<Self, TrainError> {
        let lora = Lora::new(lora, &shapes(&parameters), seed)?;
        Self::new(config, parameters)?.with_adapter(lora)
    }

    /// The model with its parameters frozen and these adapters.
    ///
    /// # Errors
    /// [`TrainError::Config`] for an adapter of the embedding, which PEFT's files keep in another form.
    pub fn with_adapter(mut self, lora: Lora) -> Result<Self, TrainError> {
        if let Some(name) = lora
            .targets()
            .find(|name| name.ends_with("embed_tokens.weight"))
        {
            return Err(TrainError::config("lora.targets", "linear layers", name));
        }
        self.adapter = Some((lora, digest(&self.parameters)?));
        Ok(self)
    }

    /// The configuration.
    pub fn config(&self) -> &TransformerConfig {
        self.transformer.config()
    }

    /// The base parameters; the trained ones where there is no adapter.
    pub fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    /// The adapters.
    pub fn lora(&self) -> Option<&Lora> {
        self.adapter.as_ref().map(|(lora, _)| lora)
    }

    /// Ends training: the parameters, with the adapters merged into them.
    ///
    /// # Errors
    /// When a tensor operation fails.
    pub fn into_parameters(self) -> Result<Parameters, TrainError> {
        if let Some((lora, _)) = &self.adapter {
            lora.merge_into(|name| self.parameters.get(name))?;
        }
        Ok(self.parameters)
    }

    fn nll(&self, batch: &Batch, weights: &dyn Weights) -> Result<Tensor, ForwardError> {
        let mut branches = Vec::with_capacity(batch.placed.len());
        // Of each piece its branch, and of each place the one among the branches' tokens.
        let mut branch_of = Vec::with_capacity(batch.placed.len());
        let mut token_of = vec![0; batch.tokens.len()];
        let mut count = 0;
        for piece in &batch.placed {
            branch_of.push(branches.len());
            if piece.len == 0 {
                continue;
            }
            let own = piece.start..piece.start + piece.len;
            for (token, place) in token_of[own.clone()].iter_mut().zip(count..) {
                *token = place;
            }
            count += piece.len;
            branches.push(Branch {
                after: piece
                    .after
                    .map(|(before, shared)| (branch_of[before], shared)),
                tokens: &batch.tokens[own],
            });
        }
        let tokens = TokenBatch::of_branches(&branches)?;
        let hidden = self.transformer.forward_hidden(weights, &tokens)?;
        let places = batch.places.iter();
        let places: Vec<(usize, usize)> = places.map(|at| (0, token_of[*at as usize])).collect();
        self.transformer
            .token_nll(weights, &hidden, &places, &batch.targets)
    }
}

impl CausalLm {
    /// What is trained.
    fn vars(&self) -> Vec<(String, Var)> {
        match &self.adapter {
            Some((lora, _)) => lora.parameters(),
            None => self
                .parameters
                .iter()
                .map(|(name, var)| (name.to_owned(), var.clone()))
                .collect(),
        }
    }
}

impl Trainable for CausalLm {
    type Source = TrainingData;

    fn parameters(&self) -> Vec<(String, Parameter)> {
        Variable::parameters(self.vars())
    }

    fn forward<'a>(
        &'a self,
        batch: &'a Batch,
        _: Pass,
    ) -> Result<Box<dyn Forward + 'a>, TrainError> {
        let losses = match &self.adapter {
            Some((lora, _)) => self.nll(
                batch,
                &AdaptedWeights {
                    base: &self.parameters,
                    lora,
                },
            ),
            None => self.nll(batch, &self.parameters),
        };
        let vars = self.vars().into_iter().map(|(_, var)| var).collect();
        Ok(Box::new(GraphPass::new(losses?, vars)?))
    }

    fn description(&self) -> Value {
        let frozen = self.adapter.as_ref().map(|(_, digest)| digest);
        json!({ "transformer": self.config().to_hf(), "frozen_sha256": frozen })
    }

    fn check(&self, config: &TrainConfig, data: &TrainingData) -> Result<(), TrainError> {
        data.check_vocabulary(self.config().vocab_size)?;
        let context = self.config().context;
        if config.data.length > context {
            let want = format!("at most the model's context of {context}");
            return Err(TrainError::config("data.length", want, config.data.length));
        }
        Ok(())
    }

    fn activation_bytes(&self, rows: usize, length: usize) -> u64 {
        let config = self.config();
        let (queries, keys) = (
            config.heads * config.head_dim,
            config.kv_heads * config.head_dim,
        );
        let (hidden, inner) = (config.hidden_size, config.intermediate_size);
        // Values that one layer keeps of a token for the backward pass: those of fused blocks, of fused
        // parts between adapted layers, or what was measured of Candle's operations.
        let layer = match (config.activation, self.lora()) {
            (Activation::Gelu, _) => {
                26 * hidden + 8 * queries + 8 * keys + 4 * inner + 6 * config.heads * length
            }
            (_, Some(_)) => 14 * hidden + 2 * queries + 2 * keys + 4 * inner,
            (_, None) => 4 * hidden + 3 * queries + 3 * keys + 2 * inner,
        };
        // One more layer stands for what the backward pass holds at a time; of a frozen base it makes a
        // gradient of the head.
        let per_token = layer * (config.layers + 1) + config.vocab_size + 4 * hidden;
        let head = if self.lora().is_some() {
            config.vocab_size * hidden
        } else {
            0
        };
        let tokens = (rows as u64).saturating_mul(length as u64);
        tokens
            .saturating_mul(per_token as u64)
            .saturating_add(head as u64)
            .saturating_mul(4)
    }
}

fn shapes(parameters: &Parameters) -> Vec<(String, Vec<usize>)> {
    parameters
        .iter()
        .map(|(name, var)| (name.to_owned(), var.dims().to_vec()))
        .collect()
}

/// SHA-256 over names and values in order: of each tensor first, so that threads can share the work.
fn digest(parameters: &Parameters) -> Result<String, TrainError> {
    let entries: Vec<(&str, &Var)> = parameters.iter().collect();
    let each = entries.par_iter().map(|(name, var)| {
        let values = var.flatten_all()?.to_vec1::<f32>()?;
        let mut hash = Sha256::new_with_prefix(name.as_bytes());
        for piece in values.chunks(1 << 12) {
            let bytes: Vec<u8> = piece.iter().flat_map(|value| value.to_le_bytes()).collect();
            hash.update(bytes);
        }
        Ok(hash.finalize())
    });
    let each: Vec<_> = each.collect::<Result<_, TrainError>>()?;
    let mut hash = Sha256::new();
    for digest in each {
        hash.update(digest);
    }
    Ok(hex(&hash.finalize()))
}
