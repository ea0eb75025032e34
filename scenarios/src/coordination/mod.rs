//! Coordination in scenarios: from a file to agents on a graph, and what a run of them shows.

mod build;
mod gathered;
mod library;
mod method;
mod promise;
mod report;
mod score;
mod story;

pub(crate) use build::graph;
pub use build::{BuiltCoordination, build};
pub use gathered::{Facts, Gathered, OfConfiguration};
pub use library::Coordinated;
pub(crate) use method::{choosing, sent_by, yardstick};
pub use promise::promise;
pub use report::sections;
pub(crate) use score::Replies;
pub use score::{CoordinationScore, SCORER, utility_of};
pub use story::tell;
