//! Agents in control environments, many at once.
//!
//! All episodes of a world live side by side in one vectorised environment, the [`Fleet`]: an episode has a place there
//! ([`EnvHandle`]), and its agent remembers its own last steps ([`Context`]). Each tick every agent sees, all that share
//! a policy ([`PolicyHandle`]) are decided for in one pass, and the whole fleet moves by one call. An episode's bytes depend on its own key
//! alone, whoever else is in the fleet.
//!
//! # Source
//! Trajectory card, section 1.

mod agent;
mod decide;
mod fleet;
mod plugin;
mod step;

#[cfg(test)]
mod tests;

pub use agent::{Context, EnvHandle, EpisodeStats, PolicyHandle, ReturnTarget};
pub(crate) use decide::decided;
pub use fleet::Fleet;
pub(crate) use fleet::Policies;
pub use plugin::{EnvironmentMaker, TrajectoryPlugin};
