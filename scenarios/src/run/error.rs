//! Why a run failed.

use std::path::{Path, PathBuf};

use rounds_agents::engine::EngineError;

/// Why a run failed or could not begin.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// A file or folder could not be read or written.
    #[error("{}: {what}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What could not be done.
        what: &'static str,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// A file of a run directory is not what it should be.
    #[error("{}{}: {why}", path.display(), line.map(|l| format!(", line {l}")).unwrap_or_default())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Line of the file, from 1.
        line: Option<u64>,
        /// What was expected.
        why: String,
    },
    /// The output folder holds something else.
    #[error("{}: the folder exists and is not empty; name another with --out, or continue it with --resume", .0.display())]
    NotEmpty(PathBuf),
    /// A folder is not what a run leaves.
    #[error("{}: holds no {what}: {why}", path.display())]
    NoRun {
        /// The folder.
        path: PathBuf,
        /// A run, a bench.
        what: &'static str,
        /// What was expected or found.
        why: String,
    },
    /// The folder to resume holds a run of another scenario or seed.
    #[error("{}: holds a run with another {what}: expected {expected}, got {got}; name another folder", path.display())]
    OtherRun {
        /// The folder.
        path: PathBuf,
        /// Scenario, arm, seed, number of episodes or setting.
        what: &'static str,
        /// That of the present command.
        expected: String,
        /// That of the folder.
        got: String,
    },
    /// The engine ended the run.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A worker ended without a word.
    #[error("a worker panicked: {0}")]
    Worker(String),
    /// The input is not usable.
    #[error("{0}")]
    Input(String),
    /// A training failed after it began; its checkpoints stay.
    #[error("{0}; the checkpoints before stay")]
    Training(Box<dyn std::error::Error + Send + Sync>),
    /// A file that the scenario names is wrong.
    #[error(transparent)]
    Settings(Box<dyn std::error::Error + Send + Sync>),
}

impl RunError {
    /// Whether the input is at fault (exit code 2) rather than the run (exit code 1).
    pub fn is_input(&self) -> bool {
        matches!(
            self,
            Self::NotEmpty(_)
                | Self::NoRun { .. }
                | Self::OtherRun { .. }
                | Self::Input(_)
                | Self::Settings(_)
                | Self::Damaged { .. }
        )
    }

    /// A folder in which a file of a run is missing.
    pub(crate) fn no_run(path: &Path, missing: &str) -> Self {
        Self::NoRun {
            path: path.to_owned(),
            what: "run",
            why: format!("expected a file {missing}"),
        }
    }

    pub(crate) fn file(path: &Path, what: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, what, source }
    }
}
