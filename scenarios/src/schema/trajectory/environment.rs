//! The `[environment]` table of control environments.

use rounds_environments::control::classic::{CartPole, MountainCar, Pendulum};
use rounds_environments::control::maze::MazeConfig;
use rounds_environments::control::stabilise::StabiliseConfig;
use rounds_environments::control::{Dynamics, PointMass};
use rounds_environments::environment::EnvironmentError;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::body::{BodySpec, read_body};
use crate::schema::reader::TableReader;
use crate::schema::typed::typed;

/// Kinds of control environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::schema) enum ControlKind {
    CartPole,
    Pendulum,
    MountainCar,
    PointMaze,
    PointMass,
    Stabilise,
    Hopper,
    HalfCheetah,
    Walker2d,
    InvertedPendulum,
}

impl ControlKind {
    /// What each step earns where an episode goes on for as long as a body is well, besides what is to be learnt.
    ///
    /// # Source
    /// Trajectory card, section 8.1, step 2.
    pub(super) fn paid_for_going_on(self) -> f64 {
        match self {
            Self::Hopper | Self::Walker2d => 1.0,
            _ => 0.0,
        }
    }
}

/// A control environment with its constants.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ControlSpec {
    /// A pole on a cart.
    CartPole(CartPole),
    /// A pendulum with a weak motor.
    Pendulum(Pendulum),
    /// A car in a valley.
    MountainCar(MountainCar),
    /// A ball in a maze.
    PointMaze(MazeConfig),
    /// A point mass in the plane.
    PointMass(PointMass),
    /// An unstable patient.
    Stabilise(Box<StabiliseConfig>),
    /// A body that hops on one leg.
    Hopper(BodySpec),
    /// A body that runs on two legs.
    HalfCheetah(BodySpec),
    /// A body that walks on two legs.
    Walker2d(BodySpec),
    /// A pole that a cart balances, simulated as a body.
    InvertedPendulum(BodySpec),
}

impl ControlSpec {
    /// Steps after which an episode is cut.
    pub fn step_limit(&self) -> u32 {
        match self {
            Self::CartPole(config) => config.step_limit,
            Self::Pendulum(config) => config.step_limit,
            Self::MountainCar(config) => config.step_limit,
            Self::PointMaze(config) => config.step_limit,
            Self::PointMass(config) => config.step_limit,
            Self::Stabilise(config) => config.step_limit,
            Self::Hopper(body)
            | Self::HalfCheetah(body)
            | Self::Walker2d(body)
            | Self::InvertedPendulum(body) => body.step_limit,
        }
    }
}

/// Reads `[environment]` of a control environment, whose kind was read already.
pub(in crate::schema) fn read_control(
    table: &mut TableReader<'_>,
    kind: ControlKind,
) -> Option<ControlSpec> {
    Some(match kind {
        ControlKind::CartPole => ControlSpec::CartPole(read(table, CartPole::validate)?),
        ControlKind::Pendulum => ControlSpec::Pendulum(read(table, Pendulum::validate)?),
        ControlKind::MountainCar => ControlSpec::MountainCar(read(table, MountainCar::validate)?),
        ControlKind::PointMaze => ControlSpec::PointMaze(read(table, MazeConfig::validate)?),
        ControlKind::PointMass => ControlSpec::PointMass(read(table, PointMass::validate)?),
        ControlKind::Stabilise => {
            ControlSpec::Stabilise(Box::new(read(table, StabiliseConfig::validate)?))
        }
        ControlKind::Hopper => ControlSpec::Hopper(read_body(table)?),
        ControlKind::HalfCheetah => ControlSpec::HalfCheetah(read_body(table)?),
        ControlKind::Walker2d => ControlSpec::Walker2d(read_body(table)?),
        ControlKind::InvertedPendulum => ControlSpec::InvertedPendulum(read_body(table)?),
    })
}

fn read<T: Default + Serialize + DeserializeOwned>(
    table: &TableReader<'_>,
    validate: impl Fn(&T) -> Result<(), EnvironmentError>,
) -> Option<T> {
    typed(table, &T::default(), &["kind"], |config| {
        validate(config).map_err(|error| match error {
            EnvironmentError::Setting { key, why } => (key, why),
            other => (String::new(), other.to_string()),
        })
    })
}
