//! What can be typed after `rounds data collect` and `rounds data import` of episodes.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use rounds_policies::trajectory::Level;

/// Options of sources of one file or folder.
#[derive(Debug, Clone, Args)]
pub(crate) struct EpisodesArgs {
    /// The file or folder.
    pub(crate) path: PathBuf,
    /// The data set that is written, FILE.safetensors; nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct RunEpisodesArgs {
    /// A run directory, a bench with --arm, or "latest".
    pub(crate) run: PathBuf,
    /// The arm of a bench.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
    /// The data set that is written, FILE.safetensors; nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

/// Environments that can be played for data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CollectedKind {
    /// A pole on a cart.
    CartPole,
    /// A pendulum with a weak motor.
    Pendulum,
    /// A car in a valley.
    MountainCar,
    /// A ball in a maze.
    PointMaze,
    /// A point mass in the plane.
    PointMass,
    /// An unstable patient.
    Stabilise,
    /// A body that hops on one leg (MuJoCo).
    Hopper,
    /// A body that runs on two legs (MuJoCo).
    HalfCheetah,
    /// A body that walks on two legs (MuJoCo).
    #[value(name = "walker2d")]
    Walker2d,
    /// A pole that a cart balances (MuJoCo).
    InvertedPendulum,
}

impl CollectedKind {
    /// Whether somebody has written an expert for it; else a policy learns first.
    pub(crate) fn has_expert(self) -> bool {
        !matches!(
            self,
            Self::Hopper | Self::HalfCheetah | Self::Walker2d | Self::InvertedPendulum
        )
    }
}

/// Levels that can be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LevelName {
    /// All actions at chance.
    Random,
    /// A third of the way from chance to expert.
    Medium,
    /// Everything until medium.
    MediumReplay,
    /// The expert.
    Expert,
    /// One half medium, one half expert.
    MediumExpert,
}

impl From<LevelName> for Level {
    fn from(name: LevelName) -> Self {
        match name {
            LevelName::Random => Self::Random,
            LevelName::Medium => Self::Medium,
            LevelName::MediumReplay => Self::MediumReplay,
            LevelName::Expert => Self::Expert,
            LevelName::MediumExpert => Self::MediumExpert,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct CollectArgs {
    /// The environment.
    #[arg(value_name = "KIND")]
    pub(crate) kind: CollectedKind,
    /// Folder for the data sets, files named after their levels; nothing is overwritten.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Episodes of a set, at least 2; by default 200.
    #[arg(long, value_name = "N")]
    pub(crate) episodes: Option<u32>,
    /// Seed of all that is played.
    #[arg(long, value_name = "S", default_value_t = 0)]
    pub(crate) seed: u64,
    /// A level; may be given several times. By default all five.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Vec<LevelName>,
    /// A setting of [environment] or [data] as scenarios have them, such as data.search.steps=50000; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Print the cards as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
