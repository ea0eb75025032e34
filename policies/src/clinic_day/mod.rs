//! Decisions of a clinic day: what a specialist asks at a bed, what the chart of the visit says, and
//! two plain ways of sending the staff to the beds. Research software, not for clinical use.
//!
//! Every visit has one chart that all who stand at its bed share ([`Bedside`]); each specialist
//! reads it with the scope of its own ([`Clinicians`]). Methods that learn where to stand are those
//! of [`crate::coordination`].

mod bedside;
mod clinicians;
mod own_best;
mod rota;

pub use bedside::Bedside;
pub use clinicians::{BedsideConfig, BedsideError, Clinicians};
pub use own_best::OwnBest;
pub use rota::Rota;
