//! Where agents coordinate: a world whose objective changes from round to round.

use serde_json::{Value, json};

use super::graph::CommGraph;
use super::ground::Ground;
use super::objective::Objective;
use crate::environment::EnvironmentError;
use crate::ids::{EpisodeIx, RoundIx};
use crate::streams::RunSeed;

/// Positions in the plane, to draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Picture<'a> {
    /// Positions of the agents, in their order.
    pub agents: &'a [[f64; 2]],
    /// Positions of the targets.
    pub targets: &'a [[f64; 2]],
}

/// The truth of one episode.
///
/// Each round: agents choose without knowing the objective, [`reveal`](Self::reveal) moves what moves
/// on its own and makes the objective of the round, agents learn from it, and
/// [`apply`](Self::apply) carries the joint action out. The ground set is the same in all rounds.
///
/// # Determinism
/// Everything random follows from the streams of the episode. Neither method allocates after the
/// first round.
pub trait CoordinationWorld: Send + Sync {
    /// The elements of all rounds.
    fn ground(&self) -> &Ground;

    /// Moves what moves on its own and makes the objective of `round`, from 1.
    ///
    /// # Errors
    /// [`EnvironmentError`] when the round cannot be played; the episode then fails.
    fn reveal(&mut self, round: RoundIx) -> Result<(), EnvironmentError>;

    /// The objective of the present round. Before the first its ground set, class and shape hold,
    /// its values mean nothing.
    fn objective(&self) -> &dyn Objective;

    /// Carries the joint action out, one entry an agent, `None` for no action.
    ///
    /// # Errors
    /// [`EnvironmentError`] when an action cannot be done; the episode then fails.
    fn apply(&mut self, actions: &[Option<u32>]) -> Result<(), EnvironmentError>;

    /// Names of what is measured each round beside the utility.
    fn measures(&self) -> &'static [&'static str] {
        &[]
    }

    /// The measures of the round that was applied last, in the order of their names.
    fn measured(&self, out: &mut [f64]) {
        let _ = out;
    }

    /// What can be drawn, after the round that was applied last.
    fn picture(&self) -> Option<Picture<'_>> {
        None
    }

    /// What the agents know of the picture before they act; where targets are uncertain, where they
    /// probably are.
    fn seen(&self) -> Option<Picture<'_>> {
        self.picture()
    }

    /// What the world is about, for agents that read.
    fn rules(&self) -> &str {
        include_str!("rules.txt")
    }

    /// What `agent` may know of the world before it acts, as a JSON object: where it is and what it saw
    /// when the last round was revealed. Nothing in it depends on the round to come, nor on what others
    /// did since.
    fn describe_agent(&self, agent: usize) -> Value {
        let _ = agent;
        json!({})
    }

    /// An action in words.
    fn action_name(&self, agent: usize, action: u32) -> String {
        let _ = agent;
        action.to_string()
    }
}

/// What an episode begins with.
pub struct Scene {
    /// The configuration that it is of, where there are several.
    pub configuration: String,
    /// The world.
    pub world: Box<dyn CoordinationWorld>,
    /// Who can talk to whom.
    pub graph: CommGraph,
}

/// Makes the scene of each episode.
pub trait CoordinationFactory: Send + Sync + 'static {
    /// The scene of `episode`, drawn from the streams of `seed` alone.
    ///
    /// # Errors
    /// [`EnvironmentError`] when the episode cannot be made; it then counts as failed.
    fn reset(&self, seed: RunSeed, episode: EpisodeIx) -> Result<Scene, EnvironmentError>;

    /// Rounds of every episode, `T`.
    fn horizon(&self) -> u32;
}
