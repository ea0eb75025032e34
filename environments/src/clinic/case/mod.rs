//! Scripted patients: what a case says of its patient, topic by topic.
//!
//! A topic is a fact that the patient can tell or a test that can be ordered. Topics are found by
//! the findings of a knowledge base, and in words by their names and aliases.
//!
//! # Source
//! DynamiCare card, section 10.

mod manner;
mod patient;
mod person;
mod script;
mod topics;

pub use manner::Manner;
pub use patient::{CasePatient, FACTS, TESTS};
pub use person::Person;
pub use script::{CaseScript, MissingFact, MissingTest, Topic, TopicKind};
pub use topics::{Found, TopicIndex, topic_words};
