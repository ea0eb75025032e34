//! Training files (`rounds.training/1`): what a model is trained on, which model, and how.

mod data;
mod model;
mod settings;
mod spec;

pub use data::{DemonstrationsSpec, TrainingDataSpec};
pub use model::{ModelStart, NewModelSpec, TokensWithin};
pub use spec::TrainingSpec;
