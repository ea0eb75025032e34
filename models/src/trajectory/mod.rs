//! Models that act by continuing a trajectory: Decision Transformer, Graph Decision Transformer, Decision ConvFormer, and
//! behaviour cloning beside them.
//!
//! A [`TrajectoryModel`] is a list of operations, written once from its settings; the same list predicts, learns and is
//! audited. [`Parameters`] are named and stored as in PyTorch. A [`Predictor`] is both, packed for acting: one for all
//! agents that share a policy. A [`Pass`] knows ways back to parameters and to states.
//!
//! Nothing that cannot reach a prediction is computed: the last action, padding where the model masks it, all but the
//! tokens that are read in the last block.
//!
//! # Source
//! Trajectory card, sections 2, 3, 4.3, 4.4, 10 and 11.

mod config;
mod episodes;
mod error;
mod file;
mod initial;
mod inputs;
mod layout;
mod model;
mod operations;
mod parameters;
mod pass;
mod predictor;
mod program;
mod run;
mod trainable;
mod workspace;

pub use crate::kernels::Threads;
pub use config::{Activation, Architecture, RelationLookup, TrajectoryConfig};
pub use episodes::{Episodes, Rows};
pub use error::TrajectoryError;
pub use file::{ModelHeader, load, load_published, save};
pub use inputs::Inputs;
pub use model::TrajectoryModel;
pub use parameters::Parameters;
pub use pass::{Pass, PassOptions, Sought};
pub use predictor::Predictor;
pub use trainable::TrainableTrajectory;
pub use workspace::Workspace;
