//! Bodies that are simulated by MuJoCo: walking on one or two legs, running, balancing.
//!
//! A [`Simulation`] is one body and its rewards; [`Mujoco`] moves many, each an episode, on all cores. Behind feature
//! `mujoco`, since it needs the library of MuJoCo 3.17.0.
//!
//! # Determinism
//! Every body has data of its own, which a start brings back to the same bits, so company and threads change nothing.
//! Other builds of the library may give other last bits.
//!
//! # Source
//! Trajectory card, section 7.2: Hopper-v5, HalfCheetah-v5, Walker2d-v5 and InvertedPendulum-v5 of gymnasium 1.4.0.

mod config;
mod definition;
mod library;
mod many;
mod played;
mod simulation;

pub use config::{Body, MujocoConfig};
pub use many::Mujoco;
pub use played::MujocoFactory;
pub use simulation::{Parts, Simulation, Step};
