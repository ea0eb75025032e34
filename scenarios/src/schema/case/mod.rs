//! Case files (`rounds.case/1`): a scripted patient, the truth, and the checks of a visit.
//!
//! # Source
//! DynamiCare card, section 10.

mod checks;
mod patient;
mod read;
mod topics;

pub(crate) use checks::bound;
pub use checks::{AtLeast, CheckSpec, Decides, JudgeSpec, PassSpec};
pub use patient::{CasePatientSpec, PatientFile};
pub use read::{CASE_SCHEMA, CaseLimits, CaseSpec, CaseTruth, load_case};
