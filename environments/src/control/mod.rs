//! Control: systems with a continuous state that one agent each steers, many of them side by side.
//!
//! A system is a [`Dynamics`]: its equations alone. [`Vectorised`] moves any number of systems that share
//! their equations by one call, and is an [`Environment`](crate::environment::Environment) too, so that
//! programs, people and language models can play it. Policies and data sets are written against
//! [`ControlEnvironment`], which knows sizes and bounds and no equations.
//!
//! # Determinism
//! Sines and cosines come from `libm`, starts and goals from keyed streams: equal keys and actions give
//! equal bits on any machine, whatever stands beside a system.

mod actions;
pub mod classic;
pub mod data;
mod dynamics;
pub mod maze;
#[cfg(feature = "mujoco")]
pub mod mujoco;
mod outcomes;
mod played;
mod point_mass;
mod settings;
pub mod stabilise;
mod vectorised;

pub use actions::Actions;
pub use dynamics::{Dynamics, Moved};
pub use played::{ControlFactory, Seen};
pub use point_mass::PointMass;
pub use vectorised::{ControlEnvironment, Space, Stepped, Vectorised};
