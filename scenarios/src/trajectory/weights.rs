//! Weights that were trained before.

use std::path::PathBuf;

use rounds_environments::control::Space;
use rounds_models::trajectory::{ModelHeader, Parameters, TrajectoryError, load};

use crate::run::RunError;
use crate::schema::LearnerSpec;

/// A file of weights.
pub(super) enum Weights {
    /// One of ours, which says what it fits.
    Ours(Box<ModelHeader>, Parameters),
    /// Any other, whose sizes the scenario says and whose scales the data.
    Published(PathBuf),
}

impl Weights {
    /// The weights of a model, where it names a file, before anything is run.
    ///
    /// # Errors
    /// [`RunError::Input`] for a file that is none, and for a model of other observations or actions than the
    /// environment's.
    pub(super) fn open(learner: &LearnerSpec, space: &Space) -> Result<Option<Self>, RunError> {
        let Some(path) = &learner.weights else {
            return Ok(None);
        };
        match load(path) {
            Ok((header, parameters)) => {
                let fits = header.check_space(space);
                fits.map_err(|error| {
                    told(&TrajectoryError::In {
                        path: path.clone(),
                        source: Box::new(error),
                    })
                })?;
                Ok(Some(Self::Ours(Box::new(header), parameters)))
            }
            Err(TrajectoryError::Untold { .. }) => Ok(Some(Self::Published(path.clone()))),
            Err(error) => Err(told(&error)),
        }
    }
}

/// An error with all its causes.
pub(super) fn told(error: &TrajectoryError) -> RunError {
    let mut text = error.to_string();
    let first = std::error::Error::source(error);
    for cause in std::iter::successors(first, |cause| cause.source()) {
        text = format!("{text}: {cause}");
    }
    RunError::Input(text)
}
