//! One Llama-like transformer: configuration, parameters, checkpoints, the differentiable forward pass.

pub mod checkpoint;
pub mod config;
pub mod forward;
mod kernels;
pub mod parameters;

pub use checkpoint::{Checkpoint, FolderWeights, Generation, LoadError, SaveError};
pub use config::{
    Activation, Architecture, AttentionMask, ConfigError, RopeScaling, TransformerConfig,
};
pub use forward::{
    Arithmetic, Branch, ForwardError, Frozen, Substituted, TokenBatch, Transformer, Weights,
};
pub use parameters::{Initial, ParameterError, Parameters};
