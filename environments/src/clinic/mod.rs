//! The clinic: patients, their records, what can be known about them, and how they answer.

pub mod case;
pub mod chart;
pub mod dialogue;
pub mod icd9;
pub mod knowledge;
pub mod metrics;
pub mod mimic;
pub mod patient;
pub mod record;
pub mod titles;
