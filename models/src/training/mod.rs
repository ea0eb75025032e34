//! The training loop: objectives, optimizers and hooks are plugins of it.
//!
//! A [`Trainer`] takes a [`Trainable`] model through a [`TrainingSource`] as a [`TrainConfig`] says. It
//! knows parameters, losses of targets and gradients as plain numbers, whatever computes them.
//! What is minimised ([`Objective`]), how gradients become steps ([`Optimizer`]) and what happens
//! around steps ([`Hook`]) are plugins, registered by name in [`Plugins`]. All random numbers come
//! from streams keyed by the seed and a counter, so a run that was killed and resumed from a
//! checkpoint ends with the same bits as an uninterrupted one, with any number of threads.

#[cfg(feature = "local")]
mod causal_lm;
mod checkpoint;
mod config;
pub mod data;
mod error;
mod event;
mod files;
mod groups;
mod history;
mod hook;
pub mod lora;
mod memory;
mod objective;
pub mod optimizer;
mod parameter;
mod parameters;
mod pattern;
mod plugins;
mod schedule;
mod source;
mod state;
#[cfg(feature = "local")]
mod tensors;
mod trainable;
mod trainer;

#[cfg(feature = "local")]
pub use causal_lm::CausalLm;
pub use config::{CheckpointConfig, EvaluationConfig, TrainConfig};
pub use data::{Batch, DataConfig, Document, PlacedPiece, TrainingData};
pub use error::TrainError;
pub use event::{Evaluation, Event, Observer, StepReport, Verdict};
pub use groups::{Group, GroupConfig, Groups};
pub use hook::{Hook, Moment};
pub use lora::LoraConfig;
#[cfg(feature = "local")]
pub use lora::{AdaptedWeights, Lora};
pub use objective::{ExampleLosses, ExampleMean, ExampleRef, Objective, TokenMean, Weighted};
pub use optimizer::{AdamW, AdamWConfig, Optimizer, Sgd, SgdConfig};
pub use parameter::{OwnValues, Parameter, ParameterValues};
pub use parameters::{Gradients, ParameterSet};
pub use pattern::NamePattern;
pub use plugins::{PluginConfig, Plugins};
pub use schedule::Schedule;
pub use source::{MicroBatch, Position, SourceConfig, TrainingSource, Walk, per_example};
pub use state::{State, Values};
#[cfg(feature = "local")]
pub use tensors::{GraphPass, Variable};
pub use trainable::{BatchOf, ConfigOf, Forward, Pass, Trainable};
pub use trainer::{Outcome, Trainer};
