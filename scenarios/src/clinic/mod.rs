//! The clinic in scenarios: from a scenario file to a running family, and from its log to metrics.

mod score;

pub use score::VisitScore;
