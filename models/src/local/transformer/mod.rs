//! One Llama-like transformer: configuration, parameters, checkpoints, the differentiable forward pass.

pub mod config;

pub use config::{
    Activation, Architecture, AttentionMask, ConfigError, RopeScaling, TransformerConfig,
};
