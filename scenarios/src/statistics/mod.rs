//! Statistics of evaluations: estimates, comparisons, verdicts and the summary file.

pub mod distributions;
pub mod estimate;
pub mod sample;
