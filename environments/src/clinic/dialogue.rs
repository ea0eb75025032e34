//! Questions, answers and introductions: all that passes between the patient and the doctors.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::knowledge::FindingIx;

/// What the doctor side asks.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Asks for one finding of the knowledge base.
    Finding(FindingIx),
    /// Asks in words.
    Text(Arc<str>),
}

/// The three kinds of answer. They are given to policies as data; texts are for logs and models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerKind {
    /// The item was found and has a value.
    Value,
    /// The item exists in the ontology, but not in this record, or the patient does not know.
    NotRecorded,
    /// No rule matched the question.
    NotUnderstood,
}

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswerSource {
    /// The items that the rules named.
    Chart,
    /// The whole record, because the named items did not suffice.
    Fallback,
    /// Nothing was there.
    Unavailable,
}

/// A place in a record: a section, and a field of it or the whole section.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Target {
    /// Name of the section; a dotted path reaches into nested sections.
    pub section: String,
    /// Name of the field, or the whole section.
    pub field: Option<String>,
}

/// What the patient side answers.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// Kind of the answer.
    pub kind: AnswerKind,
    /// Whether the asked finding is present; `None` when unknown or when no finding was asked.
    pub present: Option<bool>,
    /// The answer in words. `None` where the words follow from the question and `present`.
    pub text: Option<Arc<str>>,
    /// Where the answer came from.
    pub source: AnswerSource,
    /// Places of the record that were looked up.
    pub targets: Vec<Target>,
    /// Simulated cost, in US dollars.
    pub cost: f64,
    /// Minutes until the answer is there.
    pub turnaround_min: f64,
}

impl Answer {
    /// An answer without content of the given kind.
    pub fn empty(kind: AnswerKind) -> Self {
        Self {
            kind,
            present: None,
            text: None,
            source: AnswerSource::Unavailable,
            targets: Vec::new(),
            cost: 0.0,
            turnaround_min: 0.0,
        }
    }
}

/// How the patient presents.
#[derive(Debug, Clone, PartialEq)]
pub struct Introduction {
    /// The introduction in words.
    pub text: Arc<str>,
    /// The finding that is the complaint, where the knowledge base names it.
    pub complaint: Option<FindingIx>,
    /// Findings that the introduction reveals, the complaint among them.
    pub observed: Vec<(FindingIx, bool)>,
}
