//! What a check finds, and where.

use std::fmt;

/// A promise that is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Check {
    /// The same seed twice gives the same bytes.
    Determinism,
    /// A run that was cut and resumed gives the bytes of an uninterrupted one.
    Resume,
    /// The number of worker worlds changes nothing.
    Threads,
    /// The number of episodes in flight changes nothing.
    InFlight,
    /// Observations, actions, rewards and metrics are finite and within their bounds.
    Bounds,
    /// Every episode ends by its own rules within its limit.
    Termination,
    /// An episode that panics or fails changes nothing in the others.
    Isolation,
}

impl Check {
    /// The name in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Determinism => "determinism",
            Self::Resume => "resume",
            Self::Threads => "threads",
            Self::InFlight => "in flight",
            Self::Bounds => "bounds",
            Self::Termination => "termination",
            Self::Isolation => "isolation",
        }
    }
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A line of the log is another one.
    #[error("{way}: expected {expected}, got {got}")]
    Differs {
        /// How the other run was made.
        way: String,
        /// The line of the first run.
        expected: String,
        /// The line of the other run.
        got: String,
    },
    /// A number is not finite, or not within its bounds.
    #[error("{what} of agent {agent}: expected {low} to {high}, got {value}")]
    OutOfBounds {
        /// Observation, action, reward, metric.
        what: String,
        /// Whose; empty for the world.
        agent: String,
        /// The number; `no number` where it is infinite or none.
        value: String,
        /// Lower bound.
        low: f64,
        /// Upper bound.
        high: f64,
    },
    /// An episode went on until its limit.
    #[error("did not end within {0} steps")]
    NotEnded(u32),
    /// An episode went on beyond its limit.
    #[error("went on for {rounds} rounds, expected at most {limit}")]
    TooLong {
        /// Rounds of the episode.
        rounds: u32,
        /// Most rounds.
        limit: u32,
    },
    /// An episode failed without a planted fault.
    #[error("failed: {0}")]
    Failed(String),
    /// An episode that was asked for is not in the log, or has no end.
    #[error("is not in the log, or has no end")]
    Missing,
    /// A planted fault did not end its own episode.
    #[error("expected to fail by a planted fault ({planted}), got {got}")]
    NotFailed {
        /// The fault.
        planted: &'static str,
        /// How the episode ended.
        got: String,
    },
    /// The run could not be made at all.
    #[error("the run failed: {0}")]
    Run(String),
}

/// A fault with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The promise that is broken.
    pub check: Check,
    /// The episode.
    pub episode: Option<u32>,
    /// Line of `events.jsonl`, from 1.
    pub line: Option<u64>,
    /// Step of the episode, from 0, where no line tells it.
    pub step: Option<u32>,
    /// What is wrong.
    pub fault: Fault,
}

impl Finding {
    /// A finding of a whole run.
    pub(super) fn of_run(check: Check, fault: Fault) -> Self {
        Self {
            check,
            episode: None,
            line: None,
            step: None,
            fault,
        }
    }

    /// A finding at a line of the log.
    pub(super) fn at(check: Check, episode: u32, line: Option<u64>, fault: Fault) -> Self {
        Self {
            episode: Some(episode),
            line,
            ..Self::of_run(check, fault)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = [
            self.episode.map(|episode| format!("episode {episode}")),
            self.line.map(|line| format!("line {line}")),
            self.step.map(|step| format!("step {step}")),
        ];
        let places: Vec<String> = places.into_iter().flatten().collect();
        if !places.is_empty() {
            write!(f, "{}: ", places.join(", "))?;
        }
        self.fault.fmt(f)
    }
}
