//! The clinical family: teams of specialists diagnose a patient round by round and change their
//! own composition.
//!
//! A visit is a group: patient, view of the doctor side, and the stage that the protocol is in.
//! Each stage asks for decisions in Perceive and applies them in Act; every role has systems of
//! its own, so that one can be replaced.
//!
//! # Source
//! DynamiCare card, section 4.

mod act;
mod advance;
mod config;
mod consultation;
mod perceive;
mod plugin;
mod respond;
mod team;
mod visit;

pub use config::{
    Clinic, Coordination, PRACTITIONER, PatientSource, TimelineEntry, VisitConfig, VisitLimits,
};
pub use consultation::{Consult, ConsultStage, Consulting, ConsultingRules, MissingTest};
pub use plugin::{ClinicPlugin, Protocol};
pub use respond::{RespondentPlugin, Voice};
pub use visit::{Member, Stage, Visit};
