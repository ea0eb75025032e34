//! Why episodes cannot be played or kept.

use rounds_environments::control::Space;
use rounds_environments::control::data::DataError;
use rounds_environments::environment::EnvironmentError;
use rounds_environments::ids::EpisodeIx;

/// Why episodes cannot be played or kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// A setting that cannot be.
    #[error("{key}: expected {expected}, got {got}")]
    Setting {
        /// The setting.
        key: &'static str,
        /// What is allowed.
        expected: String,
        /// The value.
        got: String,
    },
    /// A controller of another kind of environment.
    #[error("{controller} acts on {expected}, got {environment} with {got}")]
    Unfit {
        /// Name of the controller.
        controller: &'static str,
        /// Observations and actions that it is made for.
        expected: String,
        /// Name of the environment.
        environment: &'static str,
        /// Observations and actions there are.
        got: String,
    },
    /// The controller did what cannot be done.
    #[error("episode {episode}, step {step}: {why}")]
    Action {
        /// The episode.
        episode: EpisodeIx,
        /// The step, from 1.
        step: u32,
        /// What was expected.
        why: String,
    },
    /// A policy did not decide.
    #[error("{0}")]
    Policy(String),
    /// The environment failed.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The episodes are no data set.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Refuses `got` unless it `holds`.
pub(super) fn check(
    key: &'static str,
    holds: bool,
    expected: impl Into<String>,
    got: impl ToString,
) -> Result<(), CollectError> {
    if holds {
        return Ok(());
    }
    Err(CollectError::Setting {
        key,
        expected: expected.into(),
        got: got.to_string(),
    })
}

/// Refuses `got` unless it is from `least` to `most`.
pub(super) fn check_within(
    key: &'static str,
    got: f64,
    least: f64,
    most: f64,
) -> Result<(), CollectError> {
    let holds = (least..=most).contains(&got);
    check(key, holds, format!("{least} to {most}"), got)
}

/// Larger gains could leave the range of a double once they are multiplied.
const LARGEST: f64 = 1e9;

/// Refuses gains that are not finite or absurdly large.
pub(super) fn check_gains(gains: &[(&'static str, f64)]) -> Result<(), CollectError> {
    for (key, got) in gains {
        check_within(key, *got, -LARGEST, LARGEST)?;
    }
    Ok(())
}

/// Refuses a space unless observations and actions are of so many numbers.
pub(super) fn check_sizes(
    controller: &'static str,
    space: &Space,
    observation: usize,
    action: usize,
) -> Result<(), CollectError> {
    let got = (space.observation_size(), space.action_size());
    if got == (observation, action) {
        return Ok(());
    }
    Err(CollectError::Unfit {
        controller,
        expected: sizes(observation, action),
        environment: space.name,
        got: sizes(got.0, got.1),
    })
}

fn sizes(observation: usize, action: usize) -> String {
    format!("{observation} numbers seen and {action} done")
}
