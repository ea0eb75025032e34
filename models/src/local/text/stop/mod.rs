//! Where a reply ends.

mod reason;
mod watch;

pub use reason::StopReason;
pub use watch::{StopError, StopWatch};
