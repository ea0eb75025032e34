//! The episodes that models learn from: read, or played as the scenario says.

use std::path::Path;

use rounds_agents::trajectory::EnvironmentMaker;
use rounds_environments::control::data::{
    ActionMap, DataError, Header, Loaded, Reference, Trajectories, published, read, write,
};
use rounds_environments::control::{Actions, Space};
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::{CollectError, Controller, RandomController, collect};
use serde_json::json;

use super::environment::{known_expert, space};
use crate::hash::sha256;
use crate::run::RunError;
use crate::schema::{ControlSpec, DataSource, OfflineSpec};

/// Entities that play side by side.
pub(super) const SIDE_BY_SIDE: usize = 64;
/// Episodes of chance and of an expert whose means are a reference.
const REFERENCE_EPISODES: u32 = 200;

/// What is told while something takes long.
pub(crate) type Tell<'a> = &'a mut dyn FnMut(&str);

/// An environment with all that episodes are played with.
pub(super) struct Ground<'a> {
    pub(super) spec: &'a ControlSpec,
    pub(super) maker: &'a EnvironmentMaker,
    pub(super) seed: RunSeed,
}

/// Episodes, and what identifies them: equal for equal episodes.
pub(crate) struct Offline {
    pub(crate) data: Trajectories,
    pub(crate) hash: String,
    /// What a user should know of them.
    pub(crate) warnings: Vec<String>,
}

fn input(error: impl std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

impl Ground<'_> {
    /// The episodes of a table, with actions in the units of models.
    ///
    /// # Errors
    /// [`RunError`] when a file cannot be read, does not fit the environment, or nothing can be played.
    pub(super) fn episodes(&self, spec: &OfflineSpec, tell: Tell<'_>) -> Result<Offline, RunError> {
        let (loaded, hash) = match &spec.source {
            DataSource::File { path } => (read_file(path)?, hash_of_file(path)?),
            played => self.played(spec, played, tell)?,
        };
        let mut data = loaded.data;
        let space = space(self.maker)?;
        check_sizes(&data, &space).map_err(|why| match &spec.source {
            DataSource::File { path } => told_of(path, &why),
            _ => RunError::Input(why),
        })?;
        let own = match &space.actions {
            // Choices of models are numbers between -1 and 1 as well.
            Actions::Discrete { .. } => true,
            Actions::Continuous { low, high } => {
                low.iter().any(|low| *low != -1.0) || high.iter().any(|high| *high != 1.0)
            }
        };
        if own && data.header().action_map.is_none() {
            data.rescale(ActionMap::of(&space.actions)).map_err(input)?;
        }
        let warnings = loaded.warnings.iter().map(ToString::to_string).collect();
        Ok(Offline {
            data,
            hash,
            warnings,
        })
    }

    /// What is played, or what is kept of it.
    fn played(
        &self,
        spec: &OfflineSpec,
        source: &DataSource,
        tell: Tell<'_>,
    ) -> Result<(Loaded, String), RunError> {
        let seed = spec.seed.map_or(self.seed, RunSeed);
        let what = json!({ "environment": self.spec, "source": source, "seed": seed.0 });
        let hash = sha256(what.to_string());
        let kept = spec.keep.as_deref();
        if let Some(path) = kept.filter(|path| path.is_file()) {
            let loaded = read_set(path, SetKind::Native)?;
            let known = &loaded.data.header().settings["hash"];
            if *known == hash.as_str() {
                return Ok((loaded, hash));
            }
            if known.is_null() {
                let why = "holds data from elsewhere, which are not written over: expected what was kept before, or no file";
                return Err(told_of(path, why));
            }
        }
        let mut data = self.play(source, seed, tell)?;
        data.describe(|header| header.settings = json!({ "hash": hash, "played": what }));
        if let Some(path) = kept {
            if let Some(folder) = path.parent() {
                let made = std::fs::create_dir_all(folder);
                made.map_err(RunError::file(folder, "cannot be made"))?;
            }
            write(path, &data).map_err(|error| fault(&error))?;
        }
        let warnings = data.warnings();
        let loaded = Loaded {
            data,
            warnings,
            bounds: None,
        };
        Ok((loaded, hash))
    }

    /// The returns that count as 0 and as 100: published ones, or those of chance and of the scripted expert; `None`
    /// where there is neither.
    ///
    /// # Errors
    /// [`RunError::Input`] when the expert cannot be played.
    pub(super) fn measured(&self) -> Result<Option<Reference>, RunError> {
        if let Some(reference) = published(places_name(self.spec)) {
            return Ok(Some(reference));
        }
        let Some(expert) = known_expert(self.spec)? else {
            return Ok(None);
        };
        let mut places = (self.maker)(SIDE_BY_SIDE).map_err(input)?;
        let places = places.as_mut();
        let actions = places.space().actions.clone();
        // Starts of their own: neither the data's nor the test's.
        let seed = RunSeed(!self.seed.0);
        let mut returns = |controller: &dyn Controller| -> Result<Vec<f64>, CollectError> {
            let episodes = 0..REFERENCE_EPISODES;
            Ok(collect(places, controller, episodes, seed, Header::default())?.returns())
        };
        let chance = returns(&RandomController::new(actions).map_err(input)?).map_err(input)?;
        let best = returns(&expert.controller).map_err(input)?;
        // An expert that is no better than chance makes no scale.
        Ok(Reference::of_returns(&chance, &best).ok())
    }
}

/// The name under which references of an environment are published.
fn places_name(spec: &ControlSpec) -> &'static str {
    match spec {
        ControlSpec::CartPole(_) => "cart-pole",
        ControlSpec::Pendulum(_) => "pendulum",
        ControlSpec::MountainCar(_) => "mountain-car",
        ControlSpec::PointMaze(_) => "point-maze",
        ControlSpec::PointMass(_) => "point-mass",
        ControlSpec::Stabilise(_) => "stabilise",
        ControlSpec::Hopper(_) => "hopper",
        // Published without the hyphen.
        ControlSpec::HalfCheetah(_) => "halfcheetah",
        ControlSpec::Walker2d(_) => "walker2d",
        ControlSpec::InvertedPendulum(_) => "inverted-pendulum",
    }
}

/// The formats of data sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetKind {
    /// The project's own, a safetensors file.
    Native,
    /// D4RL, an HDF5 file.
    D4rl,
    /// Minari, a folder with an HDF5 file.
    Minari,
}

/// Reads a data set by what its path looks like.
fn read_file(path: &Path) -> Result<Loaded, RunError> {
    let extension = path.extension().and_then(|end| end.to_str());
    let kind = match extension {
        Some("hdf5" | "h5") => SetKind::D4rl,
        _ if path.is_dir() => SetKind::Minari,
        _ => SetKind::Native,
    };
    read_set(path, kind)
}

/// Reads a data set of a format.
///
/// # Errors
/// [`RunError::Input`] naming what is wrong with it and where, or that this build reads no HDF5.
pub fn read_set(path: &Path, kind: SetKind) -> Result<Loaded, RunError> {
    match kind {
        SetKind::Native => read(path).map_err(|error| fault(&error)),
        SetKind::D4rl | SetKind::Minari => read_hdf5(path, kind),
    }
}

#[cfg(feature = "hdf5")]
fn read_hdf5(path: &Path, kind: SetKind) -> Result<Loaded, RunError> {
    use rounds_environments::control::data::{read_d4rl, read_minari};

    /// Steps after which an episode of a file without timeouts ends.
    const MOST_STEPS: usize = 1000;
    let loaded = match kind {
        SetKind::Minari => read_minari(path, None),
        SetKind::D4rl | SetKind::Native => read_d4rl(path, MOST_STEPS),
    };
    loaded.map_err(|error| fault(&error))
}

#[cfg(not(feature = "hdf5"))]
fn read_hdf5(path: &Path, _: SetKind) -> Result<Loaded, RunError> {
    Err(RunError::Input(format!(
        "{}: this build reads no HDF5: build with cargo build --release --features hdf5 (docs/trajectory.md says what it needs)",
        path.display()
    )))
}

fn told_of(path: &Path, why: &str) -> RunError {
    RunError::Input(format!("{}: {why}", path.display()))
}

/// The error of a file with all its causes.
fn fault(error: &DataError) -> RunError {
    let first = std::error::Error::source(error);
    let causes = std::iter::successors(first, |cause| cause.source());
    RunError::Input(causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}")))
}

fn hash_of_file(path: &Path) -> Result<String, RunError> {
    let mut files = vec![path.to_owned()];
    if path.is_dir() {
        let found = std::fs::read_dir(path.join("data"));
        let found = found.map_err(RunError::file(path, "cannot be read"))?;
        files = found
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        files.sort();
    }
    let mut hashes = String::new();
    for file in files {
        let bytes = std::fs::read(&file).map_err(RunError::file(&file, "cannot be read"))?;
        hashes.push_str(&sha256(bytes));
    }
    Ok(sha256(hashes))
}

/// Refuses episodes of another environment.
fn check_sizes(data: &Trajectories, space: &Space) -> Result<(), String> {
    let got = (data.observation_size(), data.action_size());
    let expected = (space.observation_size(), space.action_size());
    if got == expected {
        return Ok(());
    }
    Err(format!(
        "the data are of observations of {} numbers and actions of {}, the environment {} has {} and {}",
        got.0, got.1, space.name, expected.0, expected.1
    ))
}
