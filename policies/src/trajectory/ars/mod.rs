//! Augmented random search (ARS V2-t): a linear policy on whitened observations, learnt from returns alone.
//!
//! An iteration plays two rollouts for each of some random directions, one with the weights moved along it and one
//! against it, and moves the weights by what the best of them earned. Rollouts are episodes of
//! [`collect`](super::collect()), so weights and data are the same bits for any number of entities side by
//! side, and everything that was played can be kept as a medium-replay set.
//!
//! # Source
//! Trajectory card, section 8.1.

mod config;
mod linear;
mod search;
mod train;
mod whitening;

pub use config::ArsConfig;
pub use linear::LinearController;
pub use search::Search;
pub use train::{Evaluation, Progress, Trained, train};
