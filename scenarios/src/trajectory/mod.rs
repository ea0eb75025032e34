//! Agents of control environments: from a scenario to episodes, models that are trained for them, metrics and reports.

mod build;
mod environment;
mod gathered;
mod learner;
mod offline;
mod played;
mod preparation;
mod report;
mod score;
mod story;
mod weights;

pub use build::{BuiltTrajectory, build};
pub use gathered::GatheredReturns;
pub(crate) use learner::Lesson;
pub(crate) use offline::{Offline, Tell};
pub use preparation::{Preparation, Prepared};
pub use report::sections;
pub use score::TrajectoryScore;
pub use story::tell;
