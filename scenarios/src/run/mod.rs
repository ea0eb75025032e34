//! Runs an experiment into a run directory: workers, writer, resume, and what is derived from the
//! log afterwards.

mod directory;
mod error;
mod events;
mod execute;
mod score;
mod tables;

pub use directory::{Manifest, RunDirectory};
pub use error::RunError;
pub use events::{Episode, EpisodeReader, EventLine};
pub use execute::{ExecuteOptions, Executed, Experiment, Progress, default_folder, execute};
pub use score::{EpisodeRow, RoundRow, Score, Scored, score_run};
pub use tables::write_tables;
