//! The clinic in scenarios: from a scenario file to a running family, and from its log to metrics.

mod accuracy;
mod build;
pub mod cases;
mod coverage;
mod decider;
mod demonstrations;
mod outside;
mod patients;
mod report;
mod score;
mod sources;
mod spoken;
mod story;
mod tally;

pub use build::{BuiltClinic, NOTICE, build, install};
pub use coverage::DecisiveFindings;
pub use demonstrations::{Demonstrated, demonstrate};
pub(crate) use report::line;
pub use report::{CaseTeller, outcome};
pub use score::{SCORER, VisitScore};
pub use story::tell;
pub(crate) use tally::Tally;
