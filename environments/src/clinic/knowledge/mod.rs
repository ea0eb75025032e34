//! Knowledge bases: conditions, findings, and how probable each finding is in each condition.

mod base;
mod candidates;
mod chapters;
mod ddxplus;
mod learned;
mod load;
mod rows;
mod simulate;
mod table;

pub use base::{
    Condition, ConditionIx, Finding, FindingIx, FindingKind, Knowledge, KnowledgeError, Probe,
    SpecialityIx,
};
pub use learned::{Diagnoses, LearnOptions, learn};
pub(crate) use simulate::uniform;
pub use simulate::{KnowledgePatient, Noise, words};
