//! AgentClinic case files as patient records: one JSON object a line, in the MedQA layout
//! (`OSCE_Examination`) or the NEJM layout (`question`, `answers`).
//!
//! Examinations and tests are open trees that are kept whole; the diagnosis is free text, mapped
//! to a code where its name is known.
//!
//! # Source
//! AgentClinic (2024), case files of its public repository; DynamiCare card, section 11.

mod case;
mod demographics;
mod medqa;
mod nejm;
mod read;

pub use case::NEJM_OBJECTIVE;
pub use read::{AgentClinicOptions, read};
