//! Statistics of evaluations: estimates, comparisons, verdicts and the summary file.

pub mod calibration;
pub mod calls;
pub mod compare;
pub mod distributions;
pub mod estimate;
pub mod interaction;
pub mod interquartile;
pub mod sample;
pub mod sequential;
#[cfg(test)]
mod simulation;
pub mod summary;
pub mod survival;
pub mod verdict;

pub use calibration::calibration_error;
pub use compare::{Design, Difference, compare, holm};
pub use estimate::{Estimate, estimate};
pub use interaction::{EffectScale, interaction};
pub use interquartile::{interquartile, interquartile_mean};
pub use sample::{CaseNumbers, Kind, Sample, SampleError};
pub use summary::Summary;
pub use survival::{Lifetime, Survival, survival};
pub use verdict::{Direction, Question, Verdict, verdict};
