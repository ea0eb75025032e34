//! The transformer.

use std::cell::OnceCell;
use std::sync::Arc;

use candle_core::Tensor;

use super::fused;
use super::geometry::Geometry;
use super::pass::Pass;
use super::primitive::{negative_log_likelihood, soft_cap};
use super::weights::{EMBEDDING, HEAD, needed};
use super::{ForwardError, TokenBatch, Weights};
use crate::local::transformer::kernels::Layout;
use crate::local::transformer::{AttentionMask, ConfigError, TransformerConfig};

const HEAD_WEIGHT: &str = "lm_head.weight";
const FINAL_NORM: &str = "model.norm.weight";

/// How blocks, norms and likelihoods are computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Arithmetic {
    /// By fused operations on the CPU in f32: whole blocks where no linear layer has an adapter
    /// and the activation is SiLU or the tanh form of GELU, else attention, norm and gate one by
    /// one. By candle's operations elsewhere.
    #[default]
    Fused,
    /// By candle's operations everywhere.
    Primitive,
}

/// A transformer's arithmetic, without its numbers.
///
/// # Examples
/// ```
/// use candle_core::Device;
/// use rounds_models::local::transformer::{
///     Initial, Parameters, TokenBatch, Transformer, TransformerConfig,
/// };
///
/// let config = TransformerConfig::llama(100, 32, 48, 2, 4, 2, 64);
/// let parameters = Parameters::random(&config, 7, Initial::default(), &Device::Cpu)?;
/// let transformer = Transformer::new(config)?;
/// let batch = TokenBatch::new(&[vec![1, 2, 3], vec![4, 5]], 0)?;
/// let logits = transformer.forward(&parameters, &batch)?;
/// assert_eq!(logits.dims(), [2, 3, 100]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Transformer {
    config: TransformerConfig,
    arithmetic: Arithmetic,
    keeps: bool,
    layout: Arc<Layout>,
}

impl Transformer {
    /// A transformer of this configuration.
    ///
    /// # Errors
    /// [`ConfigError`] when the configuration is invalid, or asks for a window in a bidirectional
    /// model.
    pub fn new(config: TransformerConfig) -> Result<Self, ConfigError> {
        config.validate()?;
        if config.mask == AttentionMask::Bidirectional && config.sliding_window.is_some() {
            return Err(ConfigError::invalid(
                "sliding_window",
                "null where is_causal is false",
                format!("{:?}", config.sliding_window),
            ));
        }
        Ok(Self {
            arithmetic: Arithmetic::default(),
            keeps: true,
            layout: Arc::new(Layout::new(&config)),
            config,
        })
    }

    /// The same with another arithmetic.
    pub fn with_arithmetic(mut self, arithmetic: Arithmetic) -> Self {
        self.arithmetic = arithmetic;
        self
    }

    /// Whether fused blocks keep their intermediate results for the backward pass (the default).
    ///
    /// Without, each block is computed once more by the backward pass: a third more work, and
    /// memory for one block's intermediate results instead of all.
    pub fn with_kept_activations(mut self, keeps: bool) -> Self {
        self.keeps = keeps;
        self
    }

    /// Its configuration.
    pub fn config(&self) -> &TransformerConfig {
        &self.config
    }

    /// Logits of all positions; those of positions that fill a row mean nothing.
    ///
    /// # Shapes
    /// Result: `[B, T, vocab_size]`.
    ///
    /// # Errors
    /// [`ForwardError`] when the batch does not fit the model or a tensor is missing.
    pub fn forward(
        &self,
        weights: &dyn Weights,
        batch: &TokenBatch,
    ) -> Result<Tensor, ForwardError> {
        let hidden = self.forward_hidden(weights, batch)?;
        let (rows, length, width) = hidden.dims3()?;
        let logits = self.head(weights, &hidden.reshape((rows * length, width))?)?;
        Ok(logits.reshape((rows, length, self.config.vocab_size))?)
    }

    /// What the head reads: the residual stream after the last norm.
    ///
    /// # Shapes
    /// Result: `[B, T, hidden_size]`.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn forward_hidden(
        &self,
        weights: &dyn Weights,
        batch: &TokenBatch,
    ) -> Result<Tensor, ForwardError> {
        self.check(batch)?;
        let config = &self.config;
        let embedding = needed(weights.tensor(EMBEDDING)?, || EMBEDDING.to_owned())?;
        let device = embedding.device();
        let ids = Tensor::from_slice(batch.ids(), batch.ids().len(), device)?;
        let mut stream = embedding.index_select(&ids, 0)?;
        if config.embedding_scale {
            stream = (stream * (config.hidden_size as f64).sqrt())?;
        }
        let pass = Pass {
            config,
            layout: &self.layout,
            geometry: Arc::new(Geometry::new(config, batch)),
            is_fused: self.arithmetic == Arithmetic::Fused,
            keeps: self.keeps,
            device: device.clone(),
            tables: OnceCell::new(),
        };
        for layer in 0..config.layers {
            stream = pass.block(weights, layer, &stream)?;
        }
        let norm = needed(weights.tensor(FINAL_NORM)?, || FINAL_NORM.to_owned())?;
        let hidden = pass.norm(&stream, &norm)?;
        Ok(hidden.reshape((batch.rows(), batch.length(), config.hidden_size))?)
    }

    /// The logits of hidden states.
    ///
    /// # Shapes
    /// `hidden`: `[N, hidden_size]`; result: `[N, vocab_size]`.
    ///
    /// # Errors
    /// As [`forward`](Self::forward).
    pub fn head(&self, weights: &dyn Weights, hidden: &Tensor) -> Result<Tensor, ForwardError> {
        let logits = if weights.adapts(HEAD) {
            weights.linear(HEAD, hidden)?
        } else {
            hidden.matmul(&self.head_weight(weights)?.t()?)?
        };
        match self.config.logit_softcap {
            Some(cap) => soft_cap(&logits, cap),
            None => Ok(logits),
        }
    }

    /// The logits of chosen positions only: training needs the head on replies, not on prompts.
    ///
    /// # Shapes
    /// `hidden`: `[B, T, hidden_size]` of [`forward_hidden`](Self::forward_hidden); `positions`:
    /// N pairs of row and position; result: `[N, vocab_size]`.
    ///
    /// # Errors
    /// [`ForwardError::Position`] when one lies outside, [`ForwardError::Empty`] without any; else
    /// as [`forward`](Self::forward).
    pub fn logits_at(
        &self,
        weights: &dyn Weights,
        hidden: &Tensor,
        positions: &[(usize, usize)],
    ) -> Result<Tensor, ForwardError> {
        self.head(weights, &chosen(hidden, positions)?)
    }

    /// Minus the log-probability of a target token at each chosen position.
    ///
    /// The logits of position t belong to the token at t + 1.
    ///
    /// # Shapes
    /// `hidden` and `positions` as in [`logits_at`](Self::logits_at); `targets`: `[N]`;
    /// result: `[N]`.
    ///
    /// # Errors
    /// [`ForwardError::Size`] when positions and targets differ in number, [`ForwardError::Token`]
    /// when a target is outside the vocabulary; else as [`logits_at`](Self::logits_at).
    pub fn token_nll(
        &self,
        weights: &dyn Weights,
        hidden: &Tensor,
        positions: &[(usize, usize)],
        targets: &[u32],
    ) -> Result<Tensor, ForwardError> {
        if positions.len() != targets.len() {
            return Err(ForwardError::Size {
                what: "targets",
                expected: positions.len(),
                found: targets.len(),
            });
        }
        self.check_ids(targets)?;
        let chosen = chosen(hidden, positions)?;
        if self.arithmetic == Arithmetic::Fused && !weights.adapts(HEAD) {
            let head = self.head_weight(weights)?;
            let cap = self.config.logit_softcap;
            if let Some(found) = fused::likelihood(&chosen, &head, targets, cap)? {
                return Ok(found);
            }
        }
        negative_log_likelihood(&self.head(weights, &chosen)?, targets)
    }

    fn head_weight(&self, weights: &dyn Weights) -> Result<Tensor, ForwardError> {
        let name = if self.config.tied_head {
            EMBEDDING
        } else {
            HEAD_WEIGHT
        };
        needed(weights.tensor(name)?, || name.to_owned())
    }

    fn check(&self, batch: &TokenBatch) -> Result<(), ForwardError> {
        if batch.longest() > self.config.context {
            return Err(ForwardError::TooLong {
                length: batch.longest(),
                context: self.config.context,
            });
        }
        let shares = batch
            .branches()
            .is_some_and(|branches| !branches.are_apart());
        if shares && self.config.mask == AttentionMask::Bidirectional {
            return Err(ForwardError::SharedBeginning);
        }
        self.check_ids(batch.ids())
    }

    fn check_ids(&self, ids: &[u32]) -> Result<(), ForwardError> {
        let vocab_size = self.config.vocab_size;
        match ids.iter().find(|&&id| id as usize >= vocab_size) {
            Some(&id) => Err(ForwardError::Token { id, vocab_size }),
            None => Ok(()),
        }
    }
}

/// The hidden states of these positions, `[N, hidden_size]`.
fn chosen(hidden: &Tensor, positions: &[(usize, usize)]) -> Result<Tensor, ForwardError> {
    if positions.is_empty() {
        return Err(ForwardError::Empty {
            found: "no positions".to_owned(),
        });
    }
    let (rows, length, width) = hidden.dims3()?;
    let mut flat = Vec::with_capacity(positions.len());
    for &(row, position) in positions {
        if row >= rows || position >= length {
            return Err(ForwardError::Position {
                rows,
                length,
                found: (row, position),
            });
        }
        flat.push((row * length + position) as u32);
    }
    let states = hidden.reshape((rows * length, width))?;
    let count = flat.len();
    let is_all = count == rows * length && flat.iter().enumerate().all(|(ix, &at)| ix as u32 == at);
    if is_all {
        return Ok(states);
    }
    let flat = Tensor::from_vec(flat, count, hidden.device())?;
    Ok(states.index_select(&flat, 0)?)
}
