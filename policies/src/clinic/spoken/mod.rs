//! Clinicians that speak through a language model.
//!
//! Roles and keys stand in the system message; everything that patients, records or other members
//! said stands in the user message as one JSON object, as data. Source: DynamiCare card, section
//! 4. Research software, not for clinical use.

mod clinician;
mod demonstrate;
mod express;
mod patient;
mod reply;
pub(super) mod request;
mod schema;

pub use clinician::SpokenClinician;
pub use demonstrate::{DemonstratingClinician, Demonstration};
pub use patient::SpokenPatient;

#[cfg(test)]
mod tests;
