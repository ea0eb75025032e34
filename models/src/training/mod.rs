//! The training loop: objectives, optimizers and hooks are plugins of it.
//!
//! A [`Trainer`] takes a [`Trainable`] model through [`TrainingData`] as a [`TrainConfig`] says.
//! What is minimised ([`Objective`]), how gradients become steps ([`Optimizer`]) and what happens
//! around steps ([`Hook`]) are plugins, registered by name in [`Plugins`]. All random numbers come
//! from streams keyed by the seed and a counter, so a run that was killed and resumed from a
//! checkpoint ends with the same bits as an uninterrupted one, with any number of threads.

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
mod parameters;
mod pattern;
mod plugins;
mod schedule;
mod state;
mod trainable;
mod trainer;

pub use causal_lm::CausalLm;
pub use config::{CheckpointConfig, EvaluationConfig, TrainConfig};
pub use data::{Batch, DataConfig, Document, PlacedPiece, TrainingData};
pub use error::TrainError;
pub use event::{Evaluation, Event, Observer, StepReport, Verdict};
pub use groups::{Group, GroupConfig, Groups};
pub use hook::{Hook, Moment};
pub use lora::{AdaptedWeights, Lora, LoraConfig};
pub use objective::{ExampleLosses, ExampleMean, ExampleRef, Objective, TokenMean};
pub use optimizer::{AdamW, AdamWConfig, Optimizer, Sgd, SgdConfig};
pub use parameters::{Gradients, ParameterSet};
pub use pattern::NamePattern;
pub use plugins::{PluginConfig, Plugins};
pub use schedule::Schedule;
pub use state::{State, Values};
pub use trainable::Trainable;
pub use trainer::{Outcome, Trainer};
