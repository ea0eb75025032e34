//! What is seen of a patient.

use rounds_environments::control::Space;

use crate::trajectory::error::{CollectError, check_sizes};

/// Numbers that are seen.
pub(super) const SEEN: usize = 7;

/// Refuses a space that is not a patient's.
pub(super) fn check_patient(controller: &'static str, space: &Space) -> Result<(), CollectError> {
    check_sizes(controller, space, SEEN, 1)
}
