//! FHIR R4 bundles, as Synthea writes them, as patient records.
//!
//! One encounter is the visit: conditions recorded in it are the truth, conditions, drugs and
//! procedures recorded before it are history, and measurements up to and within it are the
//! chart. What the visit itself ordered is kept back, since it follows from the diagnosis, and so
//! is everything after it. Times are kept in universal time.
//!
//! # Source
//! HL7 FHIR R4, resource definitions.

mod bundle;
mod instant;
mod observations;
mod read;
mod record;
mod sections;
mod visit;

pub use read::{FhirOptions, read};
pub use visit::VisitRule;
