//! Multi-agent online coordination as a family: in each tick every episode plays one round.
//!
//! Agents choose (`Decide`), the objective is revealed (`Act`), agents learn and the joint action is
//! carried out (`Advance`). Each agent is an entity that carries its [`Agent`] side of the method;
//! what agents read of each other lies in dense arrays of the group ([`rounds_policies::coordination::Board`]).
//! Agents that are [`Asked`] for their actions may be slow to answer: a round then waits for its own
//! episode's answers, and other episodes go on.
//!
//! # Source
//! MA-OC card, sections 1 and 8.1 (round order).

mod asked;
mod group;
mod plugin;
mod record;
mod round;

pub use asked::Asked;
pub(crate) use asked::{Asking, answered};
pub use group::{Agent, Coordination};
pub(crate) use group::{Chooser, Played, Reference, value};
pub(crate) use plugin::MadeChooser;
pub use plugin::{Choosing, CoordinationPlugin, Made, Make, Setting, Yardstick};
pub(crate) use round::guarded;

#[cfg(test)]
mod tests;
