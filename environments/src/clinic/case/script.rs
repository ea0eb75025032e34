//! What a case says of its patient.

use std::sync::Arc;

use super::person::Person;
use crate::clinic::knowledge::FindingIx;
use crate::clinic::patient::Truth;

/// Whether a topic is told or ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopicKind {
    /// The patient tells it: a complaint, history, an examination at the bed.
    Fact,
    /// It is ordered: laboratory, imaging, a procedure.
    Test,
}

/// One thing that can be asked about or ordered.
#[derive(Debug, Clone, PartialEq)]
pub struct Topic {
    /// Unique id within the case.
    pub id: String,
    /// Whether it is told or ordered.
    pub kind: TopicKind,
    /// Other names, in words.
    pub aliases: Vec<String>,
    /// The finding of the knowledge base that it answers, where there is one.
    pub finding: Option<FindingIx>,
    /// Whether that finding is present, or the result abnormal; `None` when the patient does not
    /// know, or the test was not done.
    pub present: Option<bool>,
    /// The answer in words; empty where yes or no says it.
    pub say: Arc<str>,
    /// Simulated cost, in US dollars.
    pub cost: f64,
    /// Minutes until the answer is there.
    pub turnaround_min: f64,
}

/// What the patient says of a finding that the case does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingFact {
    /// It is absent.
    #[default]
    Absent,
    /// The patient does not know.
    Unknown,
    /// It is present where the knowledge base says that the truth has it more often than not.
    Typical,
}

/// What comes back from a test that the case does not name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingTest {
    /// Nothing: it was not done.
    #[default]
    NotAvailable,
    /// A normal result.
    Normal,
    /// It is abnormal where the knowledge base says so of the truth, more often than not.
    Typical,
}

/// The script of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct CaseScript {
    /// Id of the case.
    pub id: String,
    /// Who the patient is.
    pub person: Person,
    /// What the patient says at first.
    pub opening: Arc<str>,
    /// Topics that the opening tells.
    pub reveals: Vec<String>,
    /// Facts, then tests.
    pub topics: Vec<Topic>,
    /// What is said of other findings.
    pub missing_fact: MissingFact,
    /// What comes back from other tests.
    pub missing_test: MissingTest,
    /// The truth.
    pub truth: Truth,
}

impl CaseScript {
    /// The topic of this id.
    pub fn topic(&self, id: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.id == id)
    }
}
