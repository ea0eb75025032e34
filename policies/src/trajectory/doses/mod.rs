//! Scripted doses for the unstable patient of
//! [`stabilise`](rounds_environments::control::stabilise).
//!
//! They stand for no protocol of any hospital and are not for clinical use. Constants are our own, chosen by hand for
//! the default patient.

mod fixed;
mod hand_tuned;
mod patient;
mod step_protocol;

pub use fixed::FixedDose;
pub use hand_tuned::HandTuned;
pub use step_protocol::{DoseStep, StepProtocol};
