//! What a run answers from, and whom it may ask.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use rounds_models::Console;

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
