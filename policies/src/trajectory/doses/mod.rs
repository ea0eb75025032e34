//! Scripted doses for the unstable patient of
//! [`stabilise`](rounds_environments::control::stabilise).
//!
//! They stand for no protocol of any hospital and are not for clinical use. Constants are our own, chosen by hand for
//! the default patient.

mod fixed;
mod hand_tuned;
mod step_protocol;

pub use fixed::FixedDose;
pub use hand_tuned::HandTuned;
pub use step_protocol::{DoseStep, StepProtocol};

use rounds_environments::control::Space;

use super::error::{CollectError, check_sizes};

/// Numbers that are seen of a patient.
const SEEN: usize = 7;

fn check_patient(controller: &'static str, space: &Space) -> Result<(), CollectError> {
    check_sizes(controller, space, SEEN, 1)
}
