//! What an agent of an online method does in a round.

use rounds_environments::coordination::{CommGraph, Fault, Objective, check_marginals};
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};

use super::board::Board;

/// Who acts or learns, and when.
#[derive(Debug, Clone, Copy)]
pub struct Moment<'a> {
    /// Seed of the run.
    pub seed: RunSeed,
    /// The episode.
    pub episode: EpisodeIx,
    /// The agent.
    pub agent: AgentId,
    /// The round, from 1.
    pub round: RoundIx,
    /// Who can talk to whom.
    pub graph: &'a CommGraph,
}

impl Moment<'_> {
    /// The agent as an index.
    pub fn index(&self) -> usize {
        self.agent.index()
    }

    /// The agent's stream of this round for `purpose`: [`Purpose::Policy`] for choices,
    /// [`Purpose::Learning`] for estimates.
    pub fn stream(&self, purpose: Purpose) -> Stream {
        StreamKey::agent(self.seed, self.episode, self.agent, self.round, purpose).open()
    }
}

/// What is known once all have acted.
#[derive(Clone, Copy)]
pub struct Revealed<'a> {
    /// The objective that is revealed in this round; an agent asks for marginals of its own
    /// actions alone.
    pub objective: &'a dyn Objective,
    /// The round that the objective is of: the present one, or an earlier one where feedback
    /// comes late.
    pub round: RoundIx,
    /// What everybody did. Only methods whose communication carries it may look.
    pub actions: &'a [Option<u32>],
}

impl Revealed<'_> {
    /// Marginals of the actions of `agent`, checked.
    ///
    /// # Errors
    /// [`Fault`] when a marginal is none that an objective of its class may have.
    pub fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) -> Result<(), Fault> {
        self.objective.marginals(agent, summary, out);
        check_marginals(self.objective.class(), agent, out)
    }

    /// The error that tells of a fault of this objective.
    pub fn error(&self, fault: Fault) -> CoordinationError {
        CoordinationError::Objective {
            round: self.round,
            fault,
        }
    }
}

/// Why agents cannot go on.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CoordinationError {
    /// The objective gave what it may not.
    #[error("round {round}: {fault}")]
    Objective {
        /// The round.
        round: RoundIx,
        /// What it gave.
        fault: Fault,
    },
    /// Somebody did what he cannot do.
    #[error("agent {agent} chose action {got}, expected one from 0 to {}", .actions - 1)]
    Action {
        /// The agent.
        agent: usize,
        /// What it chose.
        got: u32,
        /// How many actions it has.
        actions: usize,
    },
    /// A setting of the method that cannot be.
    #[error("{key}: expected {expected}, got {got}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is allowed.
        expected: &'static str,
        /// The value.
        got: String,
    },
    /// There are too many sets to go through them all.
    #[error("{what} goes through {got:.3e} sets, expected at most {most:.0e}")]
    TooLarge {
        /// What goes through them.
        what: &'static str,
        /// Largest number.
        most: f64,
        /// Sets there are.
        got: f64,
    },
}

/// One agent's side of an online method.
pub trait Coordinator: Send + Sync {
    /// Chooses an action before the objective of the round is known, and puts on the board what
    /// others may read of it. `None`: no action.
    fn act(&mut self, moment: &Moment<'_>, board: &mut Board) -> Option<u32>;

    /// Learns from the round. Agents learn one after the other in the order of their ids; what
    /// they read of each other's copies is what stood on the board when the round began.
    ///
    /// # Errors
    /// [`CoordinationError::Objective`] when the objective gives what it may not.
    fn learn(
        &mut self,
        moment: &Moment<'_>,
        revealed: &Revealed<'_>,
        board: &mut Board,
    ) -> Result<(), CoordinationError>;
}

/// A method that knows the objective of a round before it acts, and acts for all agents: an upper
/// reference, no online method.
pub trait Oracle: Send + Sync {
    /// Chooses the joint action, one entry an agent.
    ///
    /// # Errors
    /// [`CoordinationError::Objective`] when the objective gives what it may not.
    fn act(
        &mut self,
        round: RoundIx,
        objective: &dyn Objective,
        actions: &mut [Option<u32>],
    ) -> Result<(), CoordinationError>;
}

/// What a method sends in one round, over all edges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Messages: one an edge, direction and hop.
    pub messages: u64,
    /// Numbers in them, ids counted as numbers.
    pub floats: u64,
}

/// The agents of one episode.
pub enum Population {
    /// Everybody for himself, with what the board carries.
    Online {
        /// The agents, in the order of their ids.
        coordinators: Vec<Box<dyn Coordinator>>,
        /// What they read of each other.
        board: Board,
    },
    /// One that knows everything.
    Oracle(Box<dyn Oracle>),
}
