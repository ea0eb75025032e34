//! Agents of control environments: from a scenario to episodes, models that are trained for them, metrics and reports.

mod bodies;
mod build;
mod collected;
mod environment;
mod from_run;
mod gathered;
mod learner;
mod offline;
mod played;
mod preparation;
mod report;
mod score;
mod sets;
mod story;
mod weights;

pub use build::{BuiltTrajectory, build};
pub use collected::played_sets;
pub use from_run::episodes_of_run;
pub use gathered::GatheredReturns;
pub(crate) use learner::Lesson;
pub(crate) use offline::{Offline, Tell};
pub use offline::{SetKind, read_set};
pub use preparation::{Preparation, Prepared};
pub use report::sections;
pub use score::TrajectoryScore;
pub use story::tell;
