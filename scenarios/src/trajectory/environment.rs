//! Control environments and their scripted experts, from their tables.

use std::sync::Arc;

use rounds_agents::trajectory::EnvironmentMaker;
use rounds_environments::control::maze::{Maze, PointMaze};
use rounds_environments::control::stabilise::Stabilise;
use rounds_environments::control::{Dynamics, Space, Vectorised};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::Controller;
use rounds_policies::trajectory::doses::HandTuned;
use rounds_policies::trajectory::experts::{
    CartPoleExpert, MazeExpert, MazeExpertConfig, MountainCarExpert, PendulumExpert,
    PointMassExpert,
};

use super::bodies::{self, BodyKind};
use crate::run::RunError;
use crate::schema::ControlSpec;

fn input(error: impl std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

/// What makes environments of a table.
///
/// # Errors
/// [`RunError::Input`] when the constants cannot be, or this build has no MuJoCo and one is asked for.
pub(super) fn maker(spec: &ControlSpec) -> Result<EnvironmentMaker, RunError> {
    Ok(match spec {
        ControlSpec::CartPole(config) => make(config.clone()),
        ControlSpec::Pendulum(config) => make(config.clone()),
        ControlSpec::MountainCar(config) => make(config.clone()),
        ControlSpec::PointMass(config) => make(config.clone()),
        ControlSpec::PointMaze(config) => make(PointMaze::new(config.clone()).map_err(input)?),
        ControlSpec::Stabilise(config) => make(Stabilise::new((**config).clone()).map_err(input)?),
        ControlSpec::Hopper(body) => bodies::maker(BodyKind::Hopper, body)?,
        ControlSpec::HalfCheetah(body) => bodies::maker(BodyKind::HalfCheetah, body)?,
        ControlSpec::Walker2d(body) => bodies::maker(BodyKind::Walker2d, body)?,
        ControlSpec::InvertedPendulum(body) => bodies::maker(BodyKind::InvertedPendulum, body)?,
    })
}

fn make<D: Dynamics>(dynamics: D) -> EnvironmentMaker {
    let dynamics = Arc::new(dynamics);
    Arc::new(move |places| {
        // Each place is started with a key of its own before it is played.
        let made = Vectorised::<D>::new(Arc::clone(&dynamics), places, RunSeed(0), EpisodeIx(0))?;
        Ok(Box::new(made))
    })
}

/// Sizes and bounds of an environment.
///
/// # Errors
/// [`RunError::Input`] when it cannot be made.
pub(super) fn space(maker: &EnvironmentMaker) -> Result<Space, RunError> {
    Ok(maker(1).map_err(input)?.space().clone())
}

/// A scripted expert and its name.
pub(super) struct Expert {
    pub(super) controller: Arc<dyn Controller>,
    pub(super) name: &'static str,
}

/// The scripted expert of an environment.
///
/// # Errors
/// [`RunError::Input`] when there is none, or it cannot be made.
pub(super) fn expert(spec: &ControlSpec) -> Result<Expert, RunError> {
    let found = known_expert(spec)?;
    found.ok_or_else(|| {
        input(
            "nobody has written an expert for this environment: expected a policy of another kind than \"expert\", and \
             data of the kind \"ars\" or \"file\" in place of \"mixture\" or \"levels\"",
        )
    })
}

/// The scripted expert of an environment, where there is one.
///
/// # Errors
/// [`RunError::Input`] when it cannot be made.
pub(super) fn known_expert(spec: &ControlSpec) -> Result<Option<Expert>, RunError> {
    let (controller, name): (Arc<dyn Controller>, _) = match spec {
        ControlSpec::CartPole(_) => (Arc::new(CartPoleExpert::default()), "linear balance"),
        ControlSpec::Pendulum(_) => (Arc::new(PendulumExpert::default()), "energy pumping"),
        ControlSpec::MountainCar(_) => (Arc::new(MountainCarExpert::default()), "swinging"),
        ControlSpec::PointMass(_) => (
            Arc::new(PointMassExpert::default()),
            "proportional-derivative",
        ),
        ControlSpec::PointMaze(config) => {
            let maze = Maze::read(&config.map, config.cell).map_err(input)?;
            let made = MazeExpert::new(MazeExpertConfig::default(), maze).map_err(input)?;
            (Arc::new(made), "waypoints")
        }
        ControlSpec::Stabilise(_) => (Arc::new(HandTuned::default()), "hand-tuned doses"),
        ControlSpec::Hopper(_)
        | ControlSpec::HalfCheetah(_)
        | ControlSpec::Walker2d(_)
        | ControlSpec::InvertedPendulum(_) => return Ok(None),
    };
    Ok(Some(Expert { controller, name }))
}
