//! Data sets that are played: mixtures, and the usual levels of a scripted expert or of a policy that learns.

use std::ops::ControlFlow;
use std::sync::Arc;

use rounds_environments::control::data::{Header, Trajectories};
use rounds_environments::control::{Actions, ControlEnvironment};
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::ars::{LinearController, Trained, train};
use rounds_policies::trajectory::{
    CollectError, Controller, Level, Levels, Mixed, Mixture, RandomController, collect,
    collect_into,
};

use super::environment::{Expert, expert};
use super::offline::{Ground, SIDE_BY_SIDE, Tell};
use crate::run::RunError;
use crate::schema::{ArsSpec, DataSource};

/// The first episode of the sets that a policy that learnt plays; no rollout or evaluation has its number.
const FIRST: u32 = 3 << 29;

fn input(error: impl std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

impl Ground<'_> {
    /// The episodes of a table, played.
    ///
    /// # Errors
    /// [`RunError::Input`] when there is no expert, a setting cannot be, or the environment fails.
    pub(super) fn play(
        &self,
        source: &DataSource,
        seed: RunSeed,
        tell: Tell<'_>,
    ) -> Result<Trajectories, RunError> {
        let level = match source {
            DataSource::File { .. } => return Err(input("a file is read, not played")),
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
                let mut places = (self.maker)(SIDE_BY_SIDE).map_err(input)?;
                let played = mixed.collect(places.as_mut(), &mixture.parts, 0);
                return played.map_err(input);
            }
            DataSource::Levels { level, .. } => *level,
            DataSource::Ars(spec) => spec.level,
        };
        let sets = self.sets(source, &[level], seed, tell)?;
        let first = sets.into_iter().next();
        first.ok_or_else(|| input("no set was played"))
    }

    /// The sets of several levels of a table, whatever level it names itself.
    ///
    /// # Errors
    /// As [`play`](Self::play), and [`RunError::Input`] for a table that has no levels.
    pub(super) fn sets(
        &self,
        source: &DataSource,
        levels: &[Level],
        seed: RunSeed,
        tell: Tell<'_>,
    ) -> Result<Vec<Trajectories>, RunError> {
        match source {
            DataSource::Levels { config, .. } => {
                let mut places = (self.maker)(SIDE_BY_SIDE).map_err(input)?;
                let places = places.as_mut();
                let Expert { controller, name } = expert(self.spec)?;
                let header = Header {
                    collector: name.to_owned(),
                    ..Header::default()
                };
                let made = Levels::new(places, controller, config.clone(), seed, header);
                let made = made.map_err(input)?;
                let sets = levels.iter().map(|level| made.make(places, *level));
                sets.collect::<Result<_, _>>().map_err(input)
            }
            DataSource::Ars(spec) => self.searched(spec, levels, seed, tell),
            DataSource::File { .. } | DataSource::Mixture(_) => Err(input(
                "expected data of the kind \"levels\" or \"ars\", for others have no levels",
            )),
        }
    }

    /// What a linear policy did while it learnt, and what stages of it do.
    fn searched(
        &self,
        spec: &ArsSpec,
        levels: &[Level],
        seed: RunSeed,
        tell: Tell<'_>,
    ) -> Result<Vec<Trajectories>, RunError> {
        let mut places = (self.maker)(SIDE_BY_SIDE).map_err(input)?;
        let places = places.as_mut();
        let learns = levels.iter().any(|level| *level != Level::Random);
        let search = match learns {
            true => Some(self.search(places, spec, seed, tell)?),
            false => None,
        };
        let played = Stages {
            spec,
            seed,
            header: Header {
                reference: self.measured()?,
                ..Header::default()
            },
        };
        let sets = levels.iter().map(|level| match &search {
            Some(found) if *level != Level::Random => found.set(&played, places, *level),
            _ => played.chance(places).map_err(input),
        });
        sets.collect()
    }

    /// A whole search.
    fn search(
        &self,
        places: &mut dyn ControlEnvironment,
        spec: &ArsSpec,
        seed: RunSeed,
        tell: Tell<'_>,
    ) -> Result<Found, RunError> {
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
        let medium = trained.stage(spec.medium);
        if medium == 0 {
            return Err(RunError::Input(format!(
                "augmented random search found no policy better than doing nothing, whose mean return is {:.1}, in {} \
                 steps: expected more of search.steps",
                trained.best_evaluation.mean_return, spec.search.steps
            )));
        }
        Ok(Found { trained, medium })
    }
}

/// How sets are played.
struct Stages<'a> {
    spec: &'a ArsSpec,
    seed: RunSeed,
    header: Header,
}

impl Stages<'_> {
    fn header(&self, collector: String) -> Header {
        Header {
            collector,
            ..self.header.clone()
        }
    }

    /// Number of the first episode of a level.
    fn first(&self, level: Level) -> u32 {
        FIRST + level as u32 * self.spec.episodes
    }

    fn chance(&self, places: &mut dyn ControlEnvironment) -> Result<Trajectories, CollectError> {
        let random = RandomController::new(places.space().actions.clone())?;
        let first = self.first(Level::Random);
        let header = self.header("chance".to_owned());
        collect(
            places,
            &random,
            first..first + self.spec.episodes,
            self.seed,
            header,
        )
    }
}

/// What a search found.
struct Found {
    trained: Trained,
    /// The point of its curve that counts as medium.
    medium: usize,
}

impl Found {
    /// The set of a level other than random.
    fn set(
        &self,
        stages: &Stages<'_>,
        places: &mut dyn ControlEnvironment,
        level: Level,
    ) -> Result<Trajectories, RunError> {
        let actions = places.space().actions.clone();
        let medium = &self.trained.stages[self.medium];
        let worth = self.trained.curve[self.medium].mean_return;
        let best = &self.trained.best;
        let most = self.trained.best_evaluation.mean_return;
        let noisy = |policy: &LinearController, actions: Actions| {
            let policy: Arc<dyn Controller> = Arc::new(policy.clone());
            Mixed::new(policy, actions, 0.0, stages.spec.noise).map_err(input)
        };
        let first = stages.first(level);
        let last = first + stages.spec.episodes;
        let told = |which: &str, worth: f64| {
            stages.header(format!(
                "{level}, {which} linear policy of augmented random search, mean return {worth:.1}"
            ))
        };
        match level {
            Level::MediumReplay => self.replay(stages, worth),
            Level::Random | Level::Expert => {
                let header = told("the best", most);
                collect(
                    places,
                    &noisy(best, actions)?,
                    first..last,
                    stages.seed,
                    header,
                )
                .map_err(input)
            }
            Level::Medium => {
                let header = told("a", worth);
                collect(
                    places,
                    &noisy(medium, actions)?,
                    first..last,
                    stages.seed,
                    header,
                )
                .map_err(input)
            }
            Level::MediumExpert => {
                let half = last - stages.spec.episodes / 2;
                let header = told(
                    &format!("half by a policy of mean return {worth:.1}, half by the best"),
                    most,
                );
                let policy = noisy(medium, actions.clone())?;
                let played = collect(places, &policy, first..half, stages.seed, header);
                let mut data = played.map_err(input)?;
                let policy = noisy(best, actions)?;
                collect_into(&mut data, places, &policy, half..last, stages.seed).map_err(input)?;
                Ok(data)
            }
        }
    }

    /// All that was seen until medium.
    fn replay(&self, stages: &Stages<'_>, worth: f64) -> Result<Trajectories, RunError> {
        let Some(rollouts) = &self.trained.rollouts else {
            return Err(input(
                "search.keep_rollouts is off, and a medium-replay set is made of them",
            ));
        };
        let iterations = self.trained.curve[self.medium].iterations;
        let count = iterations as usize * 2 * stages.spec.search.directions as usize;
        let header = Header {
            collector: format!(
                "{}, all rollouts of augmented random search until a mean return of {worth:.1}",
                Level::MediumReplay
            ),
            reference: stages.header.reference,
            ..rollouts.header().clone()
        };
        let sizes = (rollouts.observation_size(), rollouts.action_size());
        let mut data = Trajectories::new(header, sizes.0, sizes.1).map_err(input)?;
        for episode in rollouts.iter().take(count) {
            data.push(episode).map_err(input)?;
        }
        Ok(data)
    }
}
