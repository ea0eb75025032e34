//! Models that learn before the first episode.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rand::Rng;
use rounds_environments::control::Space;
use rounds_environments::control::data::Reference;
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_models::training::{Event, Plugins, TrainError, Trainer, Verdict};
use rounds_models::trajectory::{
    Architecture, Episodes, ModelHeader, Parameters, Predictor, Threads, TrainableTrajectory,
    TrajectoryConfig, TrajectoryModel, load_published, save,
};
use rounds_policies::trajectory::{Aim, LearnedPolicy, Scales, rollouts};
use serde_json::json;

use super::offline::{Ground, Offline, Tell};
use super::weights::told;
use crate::hash::sha256;
use crate::run::RunError;
use crate::schema::{LearnerSpec, LearnerTraining, TargetSpec};

/// Parameters that this program trained, by what they hang on: arms that share a model train it once.
static TRAINED: Mutex<BTreeMap<String, Arc<Parameters>>> = Mutex::new(BTreeMap::new());

/// Time between two lines on how far a training is.
const EVERY: Duration = Duration::from_secs(5);

/// A model that learns.
pub(crate) struct Lesson<'a> {
    /// Name of the model.
    pub(crate) name: &'a str,
    pub(crate) learner: &'a LearnerSpec,
    pub(crate) space: &'a Space,
    pub(crate) seed: RunSeed,
    /// How often it is trained, each time with another seed.
    pub(crate) trainings: u32,
}

/// What all trainings of a lesson share.
struct Course {
    model: TrajectoryConfig,
    training: LearnerTraining,
    episodes: Episodes,
    /// Where checkpoints go.
    folder: Option<PathBuf>,
}

fn input(error: impl std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

/// An error of a training with all its causes.
fn fault(error: &TrainError) -> RunError {
    let mut told = error.to_string();
    let first = std::error::Error::source(error);
    for cause in std::iter::successors(first, |cause| cause.source()) {
        told = format!("{told}: {cause}");
    }
    RunError::Input(told)
}

impl Lesson<'_> {
    /// Trains the model as often as is asked for, or takes weights that were `published`; the policies aim at nothing
    /// yet.
    ///
    /// # Errors
    /// [`RunError::Input`] when there are no episodes, they do not fit, or a training fails.
    pub(crate) fn learn(
        &self,
        offline: &Offline,
        published: Option<&Path>,
        tell: Tell<'_>,
    ) -> Result<Vec<LearnedPolicy>, RunError> {
        for warning in &offline.warnings {
            tell(&format!("data: {warning}"));
        }
        let model = TrajectoryConfig {
            observation: self.space.observation_size(),
            action: self.space.action_size(),
            ..self.learner.model.clone()
        };
        let mut training = self.learner.training.clone();
        training.data.context = model.context;
        training.data.max_ep_len = u32::try_from(model.max_ep_len).unwrap_or(u32::MAX);
        let episodes = Episodes::new(&offline.data, training.data.clone(), &*offline.hash);
        let episodes = episodes.map_err(input)?;
        let scales = Scales {
            normaliser: episodes.sampler().normaliser().clone(),
            return_scale: training.data.return_scale,
            action_map: offline.data.header().action_map.clone(),
        };
        let course = Course {
            model,
            training,
            episodes,
            folder: self.learner.keep.as_ref().map(|keep| keep.join(self.name)),
        };
        let trained = match published {
            Some(path) => {
                let parameters =
                    load_published(path, &course.model).map_err(|error| told(&error))?;
                shared(parameters, self.trainings)
            }
            None => {
                let seeds = (0..self.trainings).map(|number| self.seed_of(number));
                let seeds: Vec<RunSeed> = seeds.collect();
                course.train_all(self.name, &seeds, tell)?
            }
        };
        if let Some(folder) = &course.folder {
            self.keep(folder, &course, &scales, offline, &trained)?;
        }
        self.acting(&course.model, &scales, trained)
    }

    /// Policies by weights of ours.
    ///
    /// # Errors
    /// [`RunError::Input`] when they do not fit the environment.
    pub(super) fn loaded(
        &self,
        header: ModelHeader,
        parameters: Parameters,
    ) -> Result<Vec<LearnedPolicy>, RunError> {
        let scales = Scales {
            normaliser: header.normaliser,
            return_scale: header.return_scale,
            action_map: header.action_map,
        };
        let trained = shared(parameters, self.trainings);
        self.acting(&header.config, &scales, trained)
    }

    /// The models that act, one a training.
    fn acting(
        &self,
        model: &TrajectoryConfig,
        scales: &Scales,
        trained: Vec<Arc<Parameters>>,
    ) -> Result<Vec<LearnedPolicy>, RunError> {
        let policies = trained.into_iter().map(|parameters| {
            let predictor = Predictor::new(model.clone(), parameters).map_err(input)?;
            // Worlds run side by side: a pass of one world is its thread's alone.
            let threads = Threads::default();
            let (predictor, scales) = (Arc::new(predictor), scales.clone());
            LearnedPolicy::new(predictor, scales, self.space, None, threads).map_err(input)
        });
        policies.collect()
    }

    /// Writes trained models where they are to be kept, each as a file that says what it fits.
    fn keep(
        &self,
        folder: &Path,
        course: &Course,
        scales: &Scales,
        offline: &Offline,
        trained: &[Arc<Parameters>],
    ) -> Result<(), RunError> {
        let made = std::fs::create_dir_all(folder);
        made.map_err(RunError::file(folder, "cannot be made"))?;
        let header = ModelHeader {
            config: course.model.clone(),
            environment: self.space.name.to_owned(),
            normaliser: scales.normaliser.clone(),
            action_map: scales.action_map.clone(),
            return_scale: scales.return_scale,
            reference: offline.data.header().reference,
        };
        for (number, parameters) in trained.iter().enumerate() {
            let path = folder.join(format!("training-{number}.safetensors"));
            save(&path, &header, parameters).map_err(|error| told(&error))?;
        }
        Ok(())
    }

    /// Whether the model aims at a return.
    pub(crate) fn aims(&self) -> bool {
        self.learner.model.architecture != Architecture::Bc
    }

    fn seed_of(&self, number: u32) -> RunSeed {
        let key = StreamKey::episode(self.seed, EpisodeIx(number), Purpose::Training);
        RunSeed(key.open().next_u64())
    }
}

/// What policies are asked for.
pub(super) struct Wanted<'a> {
    /// Name of the model.
    pub(super) name: &'a str,
    pub(super) target: &'a TargetSpec,
    pub(super) delayed: bool,
    pub(super) ground: &'a Ground<'a>,
    pub(super) reference: Option<Reference>,
}

impl Wanted<'_> {
    /// Whether what is wanted can be said at all, before anything is trained.
    ///
    /// # Errors
    /// [`RunError::Input`] for a score where there is no scale.
    pub(super) fn check(&self) -> Result<(), RunError> {
        match (self.target, self.reference) {
            (TargetSpec::Return(_), _) | (_, Some(_)) => Ok(()),
            (TargetSpec::Score(_) | TargetSpec::Choose { .. }, None) => Err(self.no_scale()),
        }
    }

    fn no_scale(&self) -> RunError {
        input(format!(
            "model {}: a target score needs a scale, and neither the data nor the environment has one: expected \
             `target_return`",
            self.name
        ))
    }

    /// The wanted return: as written, or the best of several in episodes that no test has.
    ///
    /// # Errors
    /// [`RunError::Input`] for a score where there is no scale, and when no episode can be played.
    pub(super) fn aim(&self, policies: &[LearnedPolicy], tell: Tell<'_>) -> Result<Aim, RunError> {
        let of_score = |score: f64| {
            let reference = self.reference.ok_or_else(|| self.no_scale())?;
            Ok::<f64, RunError>(reference.min + score / 100.0 * (reference.max - reference.min))
        };
        let aim = |target| Aim {
            target,
            delayed: self.delayed,
        };
        let (scores, count) = match self.target {
            TargetSpec::Return(target) => return Ok(aim(*target)),
            TargetSpec::Score(score) => return of_score(*score).map(aim),
            TargetSpec::Choose { scores, rollouts } => (scores, *rollouts as usize),
        };
        let seed = RunSeed(self.ground.seed.0.wrapping_add(1 << 62));
        let mut best: Option<(f64, f64)> = None;
        for &score in scores {
            let target = of_score(score)?;
            let mut sum = 0.0;
            for policy in policies {
                let mut places = (self.ground.maker)(count).map_err(input)?;
                let asked = policy.with_aim(Some(aim(target)));
                let returns = rollouts(places.as_mut(), &asked, count, seed).map_err(input)?;
                sum += returns.iter().sum::<f64>();
            }
            let mean = sum / (count * policies.len()) as f64;
            if best.is_none_or(|(most, _)| mean > most) {
                best = Some((mean, target));
            }
        }
        let (mean, target) = best.ok_or_else(|| input("no target to choose from"))?;
        tell(&format!(
            "{}: wants a return of {target:.2}, which earned {mean:.2} in {count} episodes before the test",
            self.name
        ));
        Ok(aim(target))
    }
}

/// The same parameters for every training.
fn shared(parameters: Parameters, trainings: u32) -> Vec<Arc<Parameters>> {
    let parameters = Arc::new(parameters);
    (0..trainings).map(|_| Arc::clone(&parameters)).collect()
}

/// How far a training is.
struct News {
    training: usize,
    text: String,
}

impl Course {
    /// Trains with every seed, as many at a time as there are processors.
    fn train_all(
        &self,
        name: &str,
        seeds: &[RunSeed],
        tell: Tell<'_>,
    ) -> Result<Vec<Arc<Parameters>>, RunError> {
        let next = AtomicU32::new(0);
        let (sender, receiver) = channel::<News>();
        let workers = thread::available_parallelism()
            .map_or(1, usize::from)
            .min(seeds.len());
        let found: Mutex<Vec<Option<Result<Arc<Parameters>, RunError>>>> =
            Mutex::new(seeds.iter().map(|_| None).collect());
        thread::scope(|scope| {
            for _ in 0..workers {
                let (next, found, sender) = (&next, &found, sender.clone());
                scope.spawn(move || {
                    loop {
                        let training = next.fetch_add(1, Ordering::Relaxed) as usize;
                        let Some(seed) = seeds.get(training) else {
                            return;
                        };
                        let made = self.train(*seed, training, &sender);
                        let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                        found[training] = Some(made);
                    }
                });
            }
            drop(sender);
            for news in receiver {
                let of = seeds.len();
                tell(&format!(
                    "training {name}, {} of {of}: {}",
                    news.training + 1,
                    news.text
                ));
            }
        });
        let found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let each = found.into_iter();
        each.map(|made| made.unwrap_or_else(|| Err(input("a training ended without a word"))))
            .collect()
    }

    /// One training, or what an earlier one of this program found.
    fn train(
        &self,
        seed: RunSeed,
        training: usize,
        news: &Sender<News>,
    ) -> Result<Arc<Parameters>, RunError> {
        let config = LearnerTraining {
            seed: seed.0,
            ..self.training.clone()
        };
        let what = json!({
            "model": self.model,
            "training": config,
            "data": rounds_models::training::TrainingSource::description(&self.episodes),
        });
        let hash = sha256(what.to_string());
        let known = TRAINED
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&hash)
            .cloned();
        if let Some(known) = known {
            return Ok(known);
        }
        let model = TrajectoryModel::new(self.model.clone()).map_err(input)?;
        let parameters = Parameters::random(&self.model, seed).map_err(input)?;
        let trainable = TrainableTrajectory::new(model, parameters, Threads::default());
        let steps = config.steps;
        let mut last = Instant::now();
        let observer = |event: &Event| {
            if let Event::Step {
                report,
                seconds_left,
                ..
            } = event
                && (last.elapsed() > EVERY || report.step == steps)
            {
                last = Instant::now();
                let text = format!(
                    "step {} of {steps}, loss {:.5}, {seconds_left:.0} s left",
                    report.step, report.loss
                );
                // Nobody may be listening.
                let _ = news.send(News { training, text });
            }
            Verdict::Continue
        };
        let trainer = Trainer::new(&trainable, &self.episodes, config, &Plugins::default());
        let mut trainer = trainer
            .map_err(|error| fault(&error))?
            .observed_by(observer);
        if let Some(folder) = &self.folder {
            trainer = trainer.in_folder(folder.join(&hash[..16]));
            trainer.resume().map_err(|error| fault(&error))?;
        }
        trainer.run().map_err(|error| fault(&error))?;
        drop(trainer);
        let parameters = trainable.snapshot();
        let mut trained = TRAINED.lock().unwrap_or_else(PoisonError::into_inner);
        trained.insert(hash, Arc::clone(&parameters));
        Ok(parameters)
    }
}
