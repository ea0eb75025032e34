//! Policies of multi-agent online coordination: MA-SPL, MA-MPL, their baselines and oracles.
//!
//! Every agent of an online method is a [`Coordinator`] of its own. It acts before the objective of the round
//! is known, learns from marginals of its own actions, and reads of the others only what stands on
//! the [`Board`]: what came over the communication graph. An [`Oracle`] knows the objective before
//! it acts, for all agents.
//!
//! # Source
//! MA-OC card, sections 3 to 7.

mod board;
mod coordinator;
mod sampling;

pub use board::Board;
pub use coordinator::{
    CoordinationError, Coordinator, Moment, Oracle, Population, Revealed, Traffic,
};
pub use sampling::{draw, surrogate_mass, surrogate_z};
