//! Knowledge bases: conditions, findings, and how probable each finding is in each condition.

mod base;

pub use base::{
    Condition, ConditionIx, Finding, FindingIx, FindingKind, Knowledge, KnowledgeError, Probe,
    SpecialityIx,
};
