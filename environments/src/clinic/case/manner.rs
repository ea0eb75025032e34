//! How a patient answers: temperament and reliability.

use crate::clinic::knowledge::FindingKind;

/// How a patient answers questions; tests are not affected.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Manner {
    /// Probability that the patient does not know, 0 to 1.
    pub unknown: f64,
    /// Probability that a known answer is the opposite of the truth, 0 to 1.
    pub flipped: f64,
    /// Kinds of findings that this is about; empty for all that a patient tells.
    pub kinds: Vec<FindingKind>,
    /// Words before each answer.
    pub preface: String,
}

impl Manner {
    /// Whether answers about findings of `kind` are affected. A topic outside the knowledge base
    /// counts as a symptom.
    pub fn affects(&self, kind: Option<FindingKind>) -> bool {
        let kind = kind.unwrap_or(FindingKind::Symptom);
        kind != FindingKind::Test && (self.kinds.is_empty() || self.kinds.contains(&kind))
    }
}
