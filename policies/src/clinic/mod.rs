//! Decisions of the clinical team. Research software, not for clinical use.
//!
//! Source: DynamiCare card, sections 4, 5, 6 and 8.

pub mod belief;
pub mod consultation;
pub mod knowledge_based;
pub mod outside;
pub mod panel;
pub mod plan;
pub mod reading;
pub mod respond;
pub mod speech;
pub mod spoken;
pub mod task;
