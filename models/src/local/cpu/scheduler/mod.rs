//! Which sequences run in the next pass.
//!
//! The order is that of arrival alone, and logits do not depend on what else is in a pass; so
//! equal requests get equal rows, whenever others come and go.

mod entry;
mod error;
mod options;
mod queue;

pub use error::{StepError, SubmitError};
pub use options::{SchedulerCounters, SchedulerOptions};
pub use queue::Scheduler;
