//! The contract of policies.

use std::fmt;
use std::sync::Arc;

use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};
use rounds_models::{ModelRequest, ModelServer};

/// Who is asked, when, and what for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AskKey {
    /// Episode of the agent.
    pub episode: EpisodeIx,
    /// The agent.
    pub agent: AgentId,
    /// Round of its group.
    pub round: RoundIx,
    /// Number of the request within the agent's episode, from 0.
    pub number: u32,
}

impl AskKey {
    /// The stream of this agent's own choices in this round.
    pub fn stream(&self, seed: RunSeed) -> Stream {
        StreamKey::agent(seed, self.episode, self.agent, self.round, Purpose::Policy).open()
    }
}

/// One member of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask<O> {
    /// Who is asked, when.
    pub key: AskKey,
    /// What the agent sees.
    pub observation: O,
}

/// Why a decision failed. The episode of the agent ends as failed with this reason.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// The policy panicked.
    #[error("policy panicked: {0}")]
    Panic(String),
    /// The policy returned something that is no decision of the kind asked for.
    #[error("policy returned garbage: {0}")]
    Garbage(String),
    /// A model call kept failing.
    #[error("model call failed ({kind}): {message}")]
    Call {
        /// The kind of failure as one word.
        kind: String,
        /// Why.
        message: String,
        /// The server failed rather than the request: it may be there at another time.
        passing: bool,
    },
    /// The prompt of a model cannot be written.
    #[error("{0}")]
    Prompt(String),
    /// The person who decides left: the episode ends as aborted.
    #[error("{0}")]
    Left(String),
    /// Anything else.
    #[error("{0}")]
    Failed(String),
}

impl From<crate::prompts::PromptError> for PolicyError {
    fn from(error: crate::prompts::PromptError) -> Self {
        Self::Prompt(error.to_string())
    }
}

/// What a policy decided: one error for the whole batch, or a result for each member in order.
pub type Decisions<A> = Result<Vec<Result<A, PolicyError>>, PolicyError>;

/// Observation to action, batch first.
pub trait Policy<O, A>: Send + Sync {
    /// Decides for every member of the batch, in its order.
    ///
    /// # Errors
    /// One error for the whole batch, or one for each member; when a batch fails as a whole, its
    /// members are asked again one by one.
    fn decide(&self, seed: RunSeed, batch: &[Ask<O>]) -> Decisions<A>;
}

/// What to do with a model's reply.
#[derive(Debug, Clone, PartialEq)]
pub enum Reading<A> {
    /// The reply is a decision.
    Action(A),
    /// The reply is a decision after something was put right, which is said here.
    Mended(A, String),
    /// The reply could not be read: ask again with this text added.
    AskAgain(String),
}

/// A policy that asks a model: makes the request and reads the reply.
pub trait ModelPolicy<O, A>: Send + Sync {
    /// The request for this observation.
    ///
    /// # Errors
    /// [`PolicyError`] when there is none: its prompt cannot be written.
    fn request(&self, seed: RunSeed, ask: &Ask<O>) -> Result<ModelRequest, PolicyError>;

    /// Reads a reply.
    fn read(&self, ask: &Ask<O>, reply: &str) -> Reading<A>;

    /// The neutral decision when replies stay unreadable after all re-asks.
    ///
    /// # Errors
    /// [`PolicyError`] when there is no neutral decision of this kind.
    fn neutral(&self, ask: &Ask<O>) -> Result<A, PolicyError>;
}

/// How the agents of one policy name decide.
pub enum Decider<O, A> {
    /// At once, in process.
    Direct(Arc<dyn Policy<O, A>>),
    /// By a model; the agent waits, the world does not.
    Model {
        /// Makes requests and reads replies.
        policy: Arc<dyn ModelPolicy<O, A>>,
        /// Answers requests.
        server: Arc<ModelServer>,
        /// How often an unreadable reply is asked again.
        re_asks: u32,
    },
}

impl<O, A> Clone for Decider<O, A> {
    fn clone(&self) -> Self {
        match self {
            Self::Direct(policy) => Self::Direct(Arc::clone(policy)),
            Self::Model {
                policy,
                server,
                re_asks,
            } => Self::Model {
                policy: Arc::clone(policy),
                server: Arc::clone(server),
                re_asks: *re_asks,
            },
        }
    }
}

impl<O, A> fmt::Debug for Decider<O, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Direct(_) => f.write_str("Direct"),
            Self::Model { re_asks, .. } => f
                .debug_struct("Model")
                .field("re_asks", re_asks)
                .finish_non_exhaustive(),
        }
    }
}
