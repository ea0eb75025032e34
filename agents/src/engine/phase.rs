//! The phases of a tick.

use bevy_ecs::prelude::*;
use bevy_ecs::schedule::ScheduleLabel;

/// The schedule that runs once a tick.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tick;

/// Phases of a tick, in order.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Environments reveal observations; requests for decisions are queued.
    Perceive,
    /// Agents that share a policy are one batch; slow decisions become requests to models.
    Decide,
    /// Finished decisions of an episode are applied in a fixed order.
    Act,
    /// Clocks, scheduled events and environment steps.
    Advance,
    /// Finished episodes are retired with their logs.
    Record,
}

/// What moved in the present tick. When nothing moved and replies are awaited, the runner sleeps
/// until one arrives.
#[derive(Resource, Debug, Default)]
pub struct Activity(u64);

impl Activity {
    /// Something moved.
    pub fn note(&mut self) {
        self.0 += 1;
    }

    /// What moved since the last call.
    pub(super) fn take(&mut self) -> u64 {
        std::mem::take(&mut self.0)
    }
}
