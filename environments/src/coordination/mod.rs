//! Multi-agent online coordination (MA-OC): set functions of joint actions, communication graphs
//! and the worlds in which they change from round to round.
//!
//! # Source
//! MA-OC card, sections 1, 2 and 8.

pub mod area;
mod configuration;
pub mod ekf;
mod graph;
mod graph_file;
mod graph_kind;
mod ground;
mod joint;
mod motion;
mod objective;
pub mod objectives;
mod repeated;
mod spectrum;
pub mod structure;
mod told;
pub mod tracking;
mod world;

pub use configuration::{Configuration, Configurations};
pub use graph::{CommGraph, GraphError};
pub use graph_file::{GraphFileError, read_edges, read_weights};
pub use graph_kind::{Density, GraphKind};
pub use ground::{Ground, GroundError};
pub use joint::{Joint, JointFactory, LastRound, View};
pub use motion::Motion;
pub use objective::{Class, Fault, FaultKind, Objective, check_marginals, keep_clone};
pub use repeated::{Repeated, RepeatedFactory};
pub use world::{CoordinationFactory, CoordinationWorld, Picture, Scene};
