//! Import of MIMIC-III tables into patient records.
//!
//! Every events table is streamed once; only dictionaries and what belongs to the admissions of
//! the cohort stay in memory.
//!
//! # Source
//! DynamiCare card, sections 2 and 12.

mod admissions;
mod chart;
mod cohort;
mod dictionaries;
mod discharge;
mod error;
mod events;
mod import;
mod labs;
mod microbiology;
mod notes;
mod options;
mod orders;
mod source;
mod table;

pub use discharge::{filter_sections, split_sections};
pub use error::ImportError;
pub use import::{ImportReport, import};
pub use options::{ImportOptions, Progress};
