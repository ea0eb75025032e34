//! Any environment that moves in steps: all agents observe, decide and act at once.
//!
//! This is the shortest way to put an environment and a policy of one's own into the engine: the
//! same phases, logs and promises as every other family.

mod plugin;

pub use plugin::{Rollout, SteppedPlugin};
