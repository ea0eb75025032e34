//! Decisions of the clinical team.
//!
//! Source: DynamiCare card, sections 4, 5, 6 and 8.

pub mod panel;
pub mod task;
