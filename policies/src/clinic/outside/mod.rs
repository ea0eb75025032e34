//! Clinicians whose decisions come from outside: a program of somebody's own, or a person.
//!
//! Both see an observation as one JSON object and decide with another; `docs/process.md` holds
//! every field. Research software, not for clinical use.

mod clinician;
mod decision;
mod desk;
mod hello;
mod lookup;
mod seen;

pub use clinician::OutsideClinician;
pub use desk::ClinicDesk;
pub use hello::hello;

#[cfg(test)]
mod tests;
