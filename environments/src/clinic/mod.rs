//! The clinic: patients, their records, what can be known about them, and how they answer.

pub mod agentclinic;
pub mod case;
pub mod chart;
pub mod day;
pub mod dialogue;
pub mod fhir;
pub mod icd9;
pub mod knowledge;
pub mod metrics;
pub mod mimic;
pub mod naming;
pub mod patient;
pub mod record;
pub mod sources;
pub mod titles;
