//! What an agent of the family consists of.

use bevy_ecs::prelude::*;
use rounds_environments::streams::StreamKey;
use rounds_policies::trajectory::TrajectoryContext;

/// The policy of an agent: its place among those of the world.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyHandle(pub usize);

/// The place of an agent in the [`Fleet`](super::Fleet).
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnvHandle(pub usize);

/// What an agent remembers of its episode.
#[derive(Component, Debug)]
pub struct Context(pub TrajectoryContext);

/// The return of the whole episode that an agent aims at, where it aims at one.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct ReturnTarget(pub Option<f64>);

/// How an episode goes.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct EpisodeStats {
    /// Key of the agent's own choices; the round is set at each step.
    pub key: StreamKey,
    /// Steps made.
    pub steps: u32,
    /// Sum of the rewards.
    pub total_reward: f64,
}
