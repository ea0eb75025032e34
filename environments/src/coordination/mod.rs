//! Multi-agent online coordination (MA-OC): set functions of joint actions, communication graphs
//! and the worlds in which they change from round to round.
//!
//! # Source
//! MA-OC card, sections 1, 2 and 8.

mod graph;
mod ground;
mod objective;
mod world;

pub use graph::{CommGraph, GraphError};
pub use ground::{Ground, GroundError};
pub use objective::{Class, Fault, FaultKind, Objective, check_marginals, keep_clone};
pub use world::{CoordinationFactory, CoordinationWorld, Picture, Scene};
