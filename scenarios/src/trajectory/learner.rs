//! Models that learn before the first episode.

use std::collections::BTreeMap;
use std::path::PathBuf;
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
    Architecture, Episodes, Parameters, Predictor, Threads, TrainableTrajectory, TrajectoryConfig,
    TrajectoryModel,
};
use rounds_policies::trajectory::{Aim, LearnedPolicy, Scales, TrajectoryPolicy, rollouts};
use serde_json::json;

use super::offline::{Ground, Tell};
use super::preparation::Prepared;
use crate::hash::sha256;
use crate::run::RunError;
use crate::schema::{LearnerSpec, LearnerTraining, OfflineSpec, TargetSpec};

/// Parameters that this program trained, by what they hang on: arms that share a model train it once.
static TRAINED: Mutex<BTreeMap<String, Arc<Parameters>>> = Mutex::new(BTreeMap::new());

/// Time between two lines on how far a training is.
const EVERY: Duration = Duration::from_secs(5);

/// A model that learns, and what for.
pub(super) struct Lesson<'a> {
    /// Name of the model.
    pub(super) name: &'a str,
    pub(super) learner: &'a LearnerSpec,
    pub(super) target: &'a TargetSpec,
    pub(super) delayed: bool,
    pub(super) space: &'a Space,
    pub(super) ground: Ground<'a>,
    /// How often it is trained, each time with another seed.
    pub(super) trainings: u32,
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
    /// Trains the model as often as is asked for, and chooses what it is asked for.
    ///
    /// # Errors
    /// [`RunError::Input`] when there are no episodes, they do not fit, or a training fails.
    pub(super) fn learn(&self, data: &OfflineSpec, tell: Tell<'_>) -> Result<Prepared, RunError> {
        let offline = self.ground.episodes(data, tell)?;
        for warning in &offline.warnings {
            tell(&format!("data: {warning}"));
        }
        let header = offline.data.header().clone();
        let reference = match header.reference {
            Some(reference) => Some(reference),
            None => self.ground.measured()?,
        };
        let model = TrajectoryConfig {
            observation: self.space.observation_size(),
            action: self.space.action_size(),
            ..self.learner.model.clone()
        };
        let mut training = self.learner.training.clone();
        training.data.context = model.context;
        training.data.max_ep_len = u32::try_from(model.max_ep_len).unwrap_or(u32::MAX);
        let episodes = Episodes::new(&offline.data, training.data.clone(), offline.hash);
        let episodes = episodes.map_err(input)?;
        let scales = Scales {
            normaliser: episodes.sampler().normaliser().clone(),
            return_scale: training.data.return_scale,
            action_map: header.action_map,
        };
        let course = Course {
            model,
            training,
            episodes,
            folder: self.learner.keep.as_ref().map(|keep| keep.join(self.name)),
        };
        let seeds: Vec<RunSeed> = (0..self.trainings)
            .map(|number| self.seed(number))
            .collect();
        let trained = course.train_all(self.name, &seeds, tell)?;
        let policies = trained.into_iter().map(|parameters| {
            let predictor = Predictor::new(course.model.clone(), parameters).map_err(input)?;
            // Worlds run side by side: a pass of one world is its thread's alone.
            let threads = Threads::default();
            let (predictor, scales) = (Arc::new(predictor), scales.clone());
            LearnedPolicy::new(predictor, scales, self.space, None, threads).map_err(input)
        });
        let policies: Vec<LearnedPolicy> = policies.collect::<Result<_, RunError>>()?;
        let aim = match course.model.architecture {
            Architecture::Bc => None,
            _ => Some(self.aim(&policies, reference, tell)?),
        };
        let aimed = policies
            .iter()
            .map(|policy| -> Arc<dyn TrajectoryPolicy> { Arc::new(policy.with_aim(aim)) });
        Ok(Prepared {
            policies: aimed.collect(),
            reference,
        })
    }

    /// Seed of a training.
    fn seed(&self, number: u32) -> RunSeed {
        let key = StreamKey::episode(self.ground.seed, EpisodeIx(number), Purpose::Training);
        RunSeed(key.open().next_u64())
    }

    /// The wanted return: as written, or the best of several in episodes that no test has.
    fn aim(
        &self,
        policies: &[LearnedPolicy],
        reference: Option<Reference>,
        tell: Tell<'_>,
    ) -> Result<Aim, RunError> {
        let of_score = |score: f64| {
            let reference = reference.ok_or_else(|| {
                input("a target score needs a scale, and neither the data nor the environment has one")
            })?;
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
