//! Step-wise environments of one's own: from an environment and a policy to an experiment.

mod build;
mod score;

pub use build::Stepped;
pub use score::StepScore;
