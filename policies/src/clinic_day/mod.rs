//! Decisions of a clinic day: what a specialist asks at a bed, and what the chart of the visit says.
//! Research software, not for clinical use.
//!
//! Every visit has one chart that all who stand at its bed share ([`Bedside`]); each specialist
//! reads it with the scope of its own ([`Clinicians`]). Who stands where is chosen by the methods of
//! [`crate::coordination`], all of them: a bed is an action like any other.

mod bedside;
mod clinicians;

pub use bedside::Bedside;
pub use clinicians::{BedsideConfig, BedsideError, Clinicians};
