//! Trajectories: what acts in control environments, and data sets of what it did.
//!
//! A [`Controller`] acts for many entities at once, each row by its own observation and key alone;
//! [`collect()`] plays whole episodes and gives the same data for any number of entities side by side. [`Mixture`] and
//! [`Levels`] make data of several qualities from one expert. Where there is none, [`ars`] learns a linear policy.
//!
//! A [`TrajectoryPolicy`] decides for all agents that share it in one pass, by what each sees and what it remembers
//! ([`TrajectoryContext`]).
//!
//! # Source
//! Trajectory card, sections 8 and 12.3.

pub mod ars;
mod collect;
mod context;
mod controller;
pub mod doses;
mod error;
pub mod experts;
mod learned;
mod levels;
mod mixed;
mod mixture;
mod policy;
mod rollouts;

pub use collect::{collect, collect_into};
pub use context::{ContextStep, TrajectoryContext};
pub use controller::{Controller, RandomController};
pub use error::CollectError;
pub use learned::{Aim, LearnedPolicy, Scales};
pub use levels::{Level, Levels, LevelsConfig, Medium};
pub use mixed::Mixed;
pub use mixture::{Mixture, Part};
pub use policy::{Choices, ControllerPolicy, Situation, TrajectoryPolicy};
pub use rollouts::rollouts;
