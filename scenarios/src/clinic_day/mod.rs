//! Clinic days in scenarios: from a file to a staff that is sent to beds, and what a run shows.

mod beds;
mod build;
mod gathered;
mod harm;
mod report;
mod score;
mod story;
mod visits;
mod ward;

pub use beds::BedPreparation;
pub use build::{BuiltClinicDay, build};
pub use gathered::{DayFacts, GatheredDays, OfDays};
pub use report::sections;
pub use score::{ClinicDayScore, SCORER, in_configuration};
pub use story::tell;
