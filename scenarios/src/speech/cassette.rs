//! What a run answers from, and whom it may ask.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rounds_models::{Console, Divergence, LanguageModel};

/// Calls that were recorded before, from which slow decisions are answered. By default there are
/// none, and nobody is asked: enough to check and to tell a scenario.
#[derive(Debug, Clone, Default)]
pub struct Cassette {
    /// `calls.jsonl` of an earlier try or run.
    pub calls: Option<PathBuf>,
    /// Calls that are not recorded are made; otherwise they fail.
    pub live: bool,
    /// Programs and people that may be asked.
    pub outside: Outside,
    /// Where the new course leaves the recorded one; calls are then made from there on alone.
    pub branch: Option<Branching>,
    /// Answers in place of every model, which is then not made.
    pub instead: Option<StandIn>,
}

/// A model that answers in place of every other one.
#[derive(Clone)]
pub struct StandIn(
    /// The model.
    pub Arc<dyn LanguageModel>,
);

impl fmt::Debug for StandIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("StandIn").field(&self.0.name()).finish()
    }
}

/// A new course that leaves a recorded one.
#[derive(Debug, Clone)]
pub struct Branching {
    /// Where.
    pub at: Divergence,
    /// Calls of the new course that an earlier try made.
    pub made: Option<PathBuf>,
}

/// Programs and people that a run may ask. By default there is nobody.
#[derive(Clone, Default)]
pub struct Outside {
    /// Programs may be started.
    pub allow_process: bool,
    /// Folder that keeps the standard error and the restarts of programs.
    pub keep: Option<PathBuf>,
    /// The person at the terminal.
    pub console: Option<Arc<dyn Console>>,
}

impl fmt::Debug for Outside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outside")
            .field("allow_process", &self.allow_process)
            .field("keep", &self.keep)
            .field("console", &self.console.is_some())
            .finish()
    }
}
