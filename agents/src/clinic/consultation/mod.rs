//! A consultation as AgentClinic plays it: doctor, patient, measurement side and moderator.
//!
//! A consultation is a group, as a visit is, with stages of its own. Patient and measurement side
//! answer from the patient's chart; the moderator compares names and codes, or asks a model.
//!
//! # Source
//! AgentClinic (2024); DynamiCare card, section 11.

mod act;
mod advance;
mod conclude;
mod perceive;
mod plugin;
mod respond;
mod rules;
mod speak;
mod state;

pub(super) use advance::put_words;
pub(super) use plugin::install;
pub use rules::{Consulting, ConsultingRules, MissingTest};
pub(super) use speak::hear_patient_side;
pub use state::{Consult, ConsultStage};
