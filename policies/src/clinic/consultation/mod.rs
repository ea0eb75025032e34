//! A consultation as AgentClinic plays it: one doctor talks with a patient in free text, asks a
//! measurement side for tests by a marker, and ends with a marked diagnosis that a moderator
//! compares with the truth. Research software, not for clinical use.
//!
//! # Source
//! AgentClinic (2024); DynamiCare card, section 11.

mod judge;
mod knowledge;
mod markers;
mod spoken;
mod task;

pub use judge::SpokenModerator;
pub use knowledge::KnowledgeDoctor;
pub use markers::{Markers, Utterance};
pub use spoken::SpokenDoctor;
pub use task::{Additions, Brief, Consultation, Remark, Speaker, Turn, TurnTask};

#[cfg(test)]
mod tests;
