//! Bodies that MuJoCo simulates, in builds that have it.

use rounds_agents::trajectory::EnvironmentMaker;

use crate::run::RunError;
use crate::schema::BodySpec;

/// A kind of body, which every build can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyKind {
    Hopper,
    HalfCheetah,
    Walker2d,
    InvertedPendulum,
}

#[cfg(feature = "mujoco")]
pub(super) use simulated::{factory, maker};

#[cfg(feature = "mujoco")]
mod simulated {
    use std::sync::Arc;

    use rounds_environments::control::mujoco::{Body, MujocoConfig, MujocoFactory};
    use rounds_environments::ids::EpisodeIx;
    use rounds_environments::streams::RunSeed;

    use super::{BodyKind, BodySpec, EnvironmentMaker, RunError};

    /// What makes episodes of one body; its model is read once.
    ///
    /// # Errors
    /// [`RunError::Input`] when the model cannot be read.
    pub(crate) fn factory(kind: BodyKind, spec: &BodySpec) -> Result<MujocoFactory, RunError> {
        let config = MujocoConfig {
            body: match kind {
                BodyKind::Hopper => Body::Hopper,
                BodyKind::HalfCheetah => Body::HalfCheetah,
                BodyKind::Walker2d => Body::Walker2d,
                BodyKind::InvertedPendulum => Body::InvertedPendulum,
            },
            models: spec.models.clone(),
            step_limit: spec.step_limit,
        };
        MujocoFactory::new(&config, 1).map_err(|error| RunError::Input(error.to_string()))
    }

    /// What makes any number of bodies side by side.
    ///
    /// # Errors
    /// [`RunError::Input`] when the model cannot be read.
    pub(crate) fn maker(kind: BodyKind, spec: &BodySpec) -> Result<EnvironmentMaker, RunError> {
        let bodies = factory(kind, spec)?;
        Ok(Arc::new(move |places| {
            // Each place is started with a key of its own before it is played.
            let made = bodies.side_by_side(places, RunSeed(0), EpisodeIx(0))?;
            Ok(Box::new(made))
        }))
    }
}

/// A build without MuJoCo has no bodies.
///
/// # Errors
/// [`RunError::Input`] always, which says how to build.
#[cfg(not(feature = "mujoco"))]
pub(super) fn maker(_: BodyKind, _: &BodySpec) -> Result<EnvironmentMaker, RunError> {
    Err(RunError::Input(NO_MUJOCO.to_owned()))
}

/// What to do about a build without MuJoCo.
#[cfg(not(feature = "mujoco"))]
pub(super) const NO_MUJOCO: &str = "this build has no MuJoCo: build with cargo build --release --features mujoco \
     (docs/trajectory.md says what it needs)";
