//! Tracking under uncertainty: agents measure drifting targets, and an extended Kalman filter keeps
//! what they know.
//!
//! # Source
//! MA-OC card, section 8.2. The model and its numbers are inferred there, so all of them can be set.

mod config;
mod estimate;
mod factory;
mod world;

pub use config::{EkfConfig, Sensor};
pub use estimate::{Estimate, Linear};
pub use factory::EkfFactory;
pub use world::EkfWorld;
