//! Runs an experiment into a run directory: workers, writer, resume, and what is derived from the
//! log afterwards.

mod arms;
mod call_file;
mod directory;
mod error;
mod events;
mod execute;
mod ledger;
mod partial;
mod read_tables;
mod same;
mod score;
mod summary;
mod tables;

pub(crate) use arms::plain_name;
pub use arms::{ExperimentArm, arm_folder, derive, run_arms};
pub use directory::{Diverged, Manifest, RunDirectory, machine};
pub(crate) use directory::{is_occupied, pretty, read_json, read_manifest, write_whole};
pub use error::RunError;
pub use events::{Episode, EpisodeReader, EventLine};
pub use execute::{ExecuteOptions, Executed, Experiment, Progress, default_folder, execute};
pub(crate) use read_tables::EpisodeRows;
pub use read_tables::{read_episodes, table_metrics};
pub use score::{EpisodeRow, RoundRow, Score, Scored, known_metrics, score_run};
pub use summary::{ArmRows, SummaryHead, check_interactions, interactions, summarise};
