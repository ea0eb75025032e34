//! Checks of settings.

use crate::environment::EnvironmentError;

/// Larger numbers would leave the range of a double once they are multiplied for many steps.
pub(super) const LARGEST: f64 = 1e9;

/// A setting that cannot be.
pub(super) fn refused(key: &str, why: impl Into<String>) -> EnvironmentError {
    EnvironmentError::Setting {
        key: key.to_owned(),
        why: why.into(),
    }
}

/// Refuses `got` unless it is from `least` to `most`.
pub(super) fn check_within(
    key: &str,
    got: f64,
    least: f64,
    most: f64,
) -> Result<(), EnvironmentError> {
    if (least..=most).contains(&got) {
        return Ok(());
    }
    let why = format!("expected a number from {least} to {most}, got {got}");
    Err(refused(key, why))
}

/// Refuses `got` unless it is above 0 and not absurdly large.
pub(super) fn check_positive(key: &str, got: f64) -> Result<(), EnvironmentError> {
    if got > 0.0 && got <= LARGEST {
        return Ok(());
    }
    let why = format!("expected a number above 0 and at most {LARGEST}, got {got}");
    Err(refused(key, why))
}

/// Refuses `got` unless it is at least 0 and not absurdly large.
pub(super) fn check_not_negative(key: &str, got: f64) -> Result<(), EnvironmentError> {
    check_within(key, got, 0.0, LARGEST)
}

/// Refuses a number of steps or of systems that is not from 1 to ten million.
pub(super) fn check_count(key: &str, got: usize) -> Result<(), EnvironmentError> {
    if (1..=10_000_000).contains(&got) {
        return Ok(());
    }
    Err(refused(key, format!("expected 1 to 10000000, got {got}")))
}
