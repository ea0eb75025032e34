//! The clinic in scenarios: from a scenario file to a running family, and from its log to metrics.

mod accuracy;
mod build;
pub mod cases;
mod coverage;
mod decider;
mod models;
mod outside;
mod patients;
mod recording;
mod report;
mod score;
mod sources;
mod spoken;
mod story;
mod tally;

pub use build::{BuiltClinic, Cassette, NOTICE, build, install};
pub use coverage::DecisiveFindings;
pub(crate) use models::live_model;
pub use outside::Outside;
pub(crate) use recording::recording;
pub use report::{CaseTeller, outcome};
pub use score::{SCORER, VisitScore};
pub use story::tell;
pub(crate) use tally::Tally;
