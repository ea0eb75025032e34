//! The engine of Rounds: one bevy_ecs world, its phases, waiting, seeding, and one plugin a family
//! of agents.
//!
//! An episode, its groups and its agents are entities. Each tick runs the phases of
//! [`engine::Phase`] in order; the barrier is per episode, never for the world. No model and no
//! policy ever sees an `Entity`, and no log line holds one.

pub mod clinic;
pub mod clinic_day;
pub mod coordination;
pub mod engine;
pub mod population;
pub mod stepped;
pub mod trajectory;

pub use bevy_ecs;
