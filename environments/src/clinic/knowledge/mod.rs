//! Knowledge bases: conditions, findings, and how probable each finding is in each condition.

mod base;
mod ddxplus;
mod load;
mod rows;
mod simulate;
mod table;
mod candidates;
mod chapters;
mod learned;

pub use base::{
    Condition, ConditionIx, Finding, FindingIx, FindingKind, Knowledge, KnowledgeError, Probe,
    SpecialityIx,
};
pub use simulate::{KnowledgePatient, Noise, words};
pub use learned::{Diagnoses, LearnOptions, learn};
