//! The episodes that models learn from: read, or played as the scenario says.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use rounds_agents::trajectory::EnvironmentMaker;
use rounds_environments::control::data::{
    ActionMap, DataError, Header, Loaded, Reference, Trajectories, published, read, write,
};
use rounds_environments::control::{Actions, ControlEnvironment, Space};
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::ars::train;
use rounds_policies::trajectory::{
    CollectError, Controller, Level, Levels, Mixed, Mixture, RandomController, collect,
};
use serde_json::json;

use super::environment::{Expert, expert, space};
use crate::hash::sha256;
use crate::run::RunError;
use crate::schema::{ArsSpec, ControlSpec, DataSource, OfflineSpec};

/// Entities that play side by side.
const SIDE_BY_SIDE: usize = 64;
/// Episodes of chance and of an expert whose means are a reference.
const REFERENCE_EPISODES: u32 = 200;
/// Steps after which an episode of a file without timeouts ends.
#[cfg(feature = "hdf5")]
const MOST_STEPS: usize = 1000;

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
            DataSource::File { path } => told_of(path, &DataError::Format(why)),
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
            let loaded = read(path).map_err(|error| told_of(path, &error))?;
            let known = &loaded.data.header().settings["hash"];
            if *known == hash.as_str() {
                return Ok((loaded, hash));
            }
            if known.is_null() {
                let why = "holds data from elsewhere, which are not written over: expected what was kept before, or no file";
                return Err(told_of(path, &DataError::Format(why.to_owned())));
            }
        }
        let mut data = self.play(source, seed, tell)?;
        data.describe(|header| header.settings = json!({ "hash": hash, "played": what }));
        if let Some(path) = kept {
            if let Some(folder) = path.parent() {
                let made = std::fs::create_dir_all(folder);
                made.map_err(RunError::file(folder, "cannot be made"))?;
            }
            write(path, &data).map_err(|error| told_of(path, &error))?;
        }
        let warnings = data.warnings();
        let loaded = Loaded {
            data,
            warnings,
            bounds: None,
        };
        Ok((loaded, hash))
    }

    fn play(
        &self,
        source: &DataSource,
        seed: RunSeed,
        tell: Tell<'_>,
    ) -> Result<Trajectories, RunError> {
        let mut places = (self.maker)(SIDE_BY_SIDE).map_err(input)?;
        let places = places.as_mut();
        match source {
            DataSource::File { .. } => Err(input("a file is read, not played")),
            DataSource::Mixture(mixture) => {
                let Expert { controller, name } = expert(self.spec)?;
                let mixed = Mixture {
                    expert: controller,
                    noise: mixture.noise,
                    seed,
                    header: Header {
                        collector: name.to_owned(),
                        reference: self.measured()?,
                        ..Header::default()
                    },
                };
                mixed.collect(places, &mixture.parts, 0).map_err(input)
            }
            DataSource::Levels { level, config } => {
                let Expert { controller, name } = expert(self.spec)?;
                let header = Header {
                    collector: name.to_owned(),
                    ..Header::default()
                };
                let levels = Levels::new(places, controller, config.clone(), seed, header);
                levels.map_err(input)?.make(places, *level).map_err(input)
            }
            DataSource::Ars(spec) => self.searched(spec, seed, tell),
        }
    }

    /// What a linear policy did while it learnt, or what a stage of it does.
    fn searched(
        &self,
        spec: &ArsSpec,
        seed: RunSeed,
        tell: Tell<'_>,
    ) -> Result<Trajectories, RunError> {
        let mut places = (self.maker)(SIDE_BY_SIDE).map_err(input)?;
        let places = places.as_mut();
        let actions = places.space().actions.clone();
        let header = |collector: &str| Header {
            collector: collector.to_owned(),
            reference: published(places_name(self.spec)),
            ..Header::default()
        };
        let play = |places: &mut dyn ControlEnvironment,
                    controller: Arc<dyn Controller>,
                    collector: &str| {
            let mixed = Mixed::new(controller, actions.clone(), 0.0, spec.noise)?;
            collect(places, &mixed, 0..spec.episodes, seed, header(collector))
        };
        if spec.level == Level::Random {
            let random: Arc<dyn Controller> =
                Arc::new(RandomController::new(actions.clone()).map_err(input)?);
            return play(places, random, "chance").map_err(input);
        }
        let trained = train(places, &spec.search, seed, |progress| {
            if let Some(evaluation) = progress.evaluation {
                tell(&format!(
                    "augmented random search: {} of {} steps, mean return {:.1}",
                    progress.steps, spec.search.steps, evaluation.mean_return
                ));
            }
            ControlFlow::Continue(())
        })
        .map_err(input)?;
        let best: Arc<dyn Controller> = Arc::new(trained.best);
        let name = format!(
            "linear policy of augmented random search, mean return {:.1}",
            trained.best_evaluation.mean_return
        );
        match (spec.level, trained.rollouts) {
            (Level::MediumReplay, Some(mut rollouts)) => {
                rollouts.describe(|header| header.reference = published(places_name(self.spec)));
                Ok(rollouts)
            }
            (Level::MediumReplay, None) => Err(input("search.keep_rollouts is off")),
            _ => play(places, best, &name).map_err(input),
        }
    }

    /// The returns that count as 0 and as 100: published ones, or those of chance and of the scripted expert.
    ///
    /// # Errors
    /// [`RunError::Input`] when the expert cannot be played.
    pub(super) fn measured(&self) -> Result<Option<Reference>, RunError> {
        if let Some(reference) = published(places_name(self.spec)) {
            return Ok(Some(reference));
        }
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
        let best = returns(&expert(self.spec)?.controller).map_err(input)?;
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
    }
}

/// What is wrong with a file, with all its causes.
fn told_of(path: &Path, mut error: &DataError) -> RunError {
    // Which file it is, is said once.
    while let DataError::In { source, .. } = error {
        error = source;
    }
    let mut told = format!("{}: {error}", path.display());
    let first = std::error::Error::source(error);
    for cause in std::iter::successors(first, |cause| cause.source()) {
        told = format!("{told}: {cause}");
    }
    RunError::Input(told)
}

/// Reads a data set by what its path looks like.
fn read_file(path: &Path) -> Result<Loaded, RunError> {
    let extension = path.extension().and_then(|end| end.to_str());
    let loaded = match extension {
        Some("hdf5" | "h5") => return read_hdf5(path),
        _ if path.is_dir() => return read_folder(path),
        _ => read(path),
    };
    loaded.map_err(|error| told_of(path, &error))
}

#[cfg(feature = "hdf5")]
fn read_hdf5(path: &Path) -> Result<Loaded, RunError> {
    let loaded = rounds_environments::control::data::read_d4rl(path, MOST_STEPS);
    loaded.map_err(|error| told_of(path, &error))
}

#[cfg(feature = "hdf5")]
fn read_folder(path: &Path) -> Result<Loaded, RunError> {
    let loaded = rounds_environments::control::data::read_minari(path, None);
    loaded.map_err(|error| told_of(path, &error))
}

#[cfg(not(feature = "hdf5"))]
fn read_hdf5(path: &Path) -> Result<Loaded, RunError> {
    Err(told_of(path, &DataError::Format(NO_HDF5.to_owned())))
}

#[cfg(not(feature = "hdf5"))]
fn read_folder(path: &Path) -> Result<Loaded, RunError> {
    Err(told_of(path, &DataError::Format(NO_HDF5.to_owned())))
}

#[cfg(not(feature = "hdf5"))]
const NO_HDF5: &str =
    "a data set in HDF5, which this build cannot read: build with `--features hdf5`";

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
