//! Clinicians that decide by a knowledge base: exact beliefs, no model, reproducible.
//!
//! Source: DynamiCare card, section 8. Research software, not for clinical use.

mod clinician;
mod config;
mod coordinator;
mod facts;
mod questions;
mod specialist;

pub use clinician::KnowledgeClinician;
pub use config::{ConfigError, KnowledgeConfig, QuestionPolicy};
