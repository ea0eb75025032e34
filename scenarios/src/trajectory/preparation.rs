//! What has to be made before the first episode: models and scales.

use std::sync::{Arc, OnceLock};

use rounds_agents::trajectory::EnvironmentMaker;
use rounds_environments::control::Space;
use rounds_environments::control::data::Reference;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::{
    CollectError, Controller, ControllerPolicy, Mixed, RandomController, TrajectoryPolicy,
};

use super::environment::{expert, space};
use super::learner::{Lesson, Wanted};
use super::offline::Ground;
use super::weights::Weights;
use crate::run::RunError;
use crate::schema::{
    Arm, ControlSpec, LearnerSpec, ModelSpec, OfflineSpec, TargetSpec, TrajectoryFamily,
    TrajectoryPolicySpec,
};

/// The policies of an arm and the scale of its returns, made when they are first asked for.
pub struct Preparation {
    environment: ControlSpec,
    maker: EnvironmentMaker,
    space: Space,
    seed: RunSeed,
    trainings: u32,
    work: Work,
    made: OnceLock<Result<Prepared, String>>,
}

/// What is made.
enum Work {
    Fixed(TrajectoryPolicySpec),
    /// Asked elsewhere: only the scale is made.
    Asked,
    Learned {
        name: String,
        learner: Box<LearnerSpec>,
        data: Option<OfflineSpec>,
        target: TargetSpec,
        delayed: bool,
    },
}

/// What was made.
#[derive(Debug)]
pub struct Prepared {
    /// One policy a training; none where a model is asked for each action.
    pub policies: Vec<Arc<dyn TrajectoryPolicy>>,
    /// Returns that count as 0 and as 100, where they are known.
    pub reference: Option<Reference>,
}

impl Preparation {
    /// What the arm needs. Nothing is made yet.
    ///
    /// # Errors
    /// [`RunError::Input`] for a policy that learns without data, or for an environment that cannot be.
    pub(super) fn new(
        arm: &Arm,
        family: &TrajectoryFamily,
        maker: EnvironmentMaker,
    ) -> Result<Self, RunError> {
        let input = |why: String| RunError::Input(format!("arm {}: {why}", arm.name));
        let policy = family.used();
        let policy = policy.ok_or_else(|| input(format!("no policy {:?}", family.policy)))?;
        let space = space(&maker)?;
        let work = match policy {
            TrajectoryPolicySpec::Learned {
                model,
                target,
                delayed,
            } => {
                let learner = match arm.scenario.models.get(model) {
                    Some(ModelSpec::Trajectory(learner)) => learner.clone(),
                    _ => return Err(input(format!("{model:?} is no trajectory model"))),
                };
                let data = family.data.clone();
                let own = Weights::open(&learner, &space)?;
                if data.is_none() && !matches!(own, Some(Weights::Ours(..))) {
                    return Err(input(format!(
                        "the model {model:?} learns from [data], which is missing"
                    )));
                }
                Work::Learned {
                    name: model.clone(),
                    learner,
                    data,
                    target: target.clone(),
                    delayed: *delayed,
                }
            }
            TrajectoryPolicySpec::Language(_) => Work::Asked,
            fixed => Work::Fixed(fixed.clone()),
        };
        Ok(Self {
            environment: family.environment.clone(),
            space,
            maker,
            seed: arm.scenario.seed,
            trainings: arm.scenario.repeats.max(1),
            work,
            made: OnceLock::new(),
        })
    }

    /// What is needed, made now where it was not before; `tell` is told how far that is.
    ///
    /// # Errors
    /// [`RunError::Input`] when it cannot be made.
    pub fn get(&self, tell: &mut dyn FnMut(&str)) -> Result<&Prepared, RunError> {
        let made = self
            .made
            .get_or_init(|| self.make(tell).map_err(|error| error.to_string()));
        made.as_ref().map_err(|why| RunError::Input(why.clone()))
    }

    fn make(&self, tell: &mut dyn FnMut(&str)) -> Result<Prepared, RunError> {
        let ground = Ground {
            spec: &self.environment,
            maker: &self.maker,
            seed: self.seed,
        };
        match &self.work {
            Work::Asked => Ok(Prepared {
                policies: Vec::new(),
                reference: ground.measured()?,
            }),
            Work::Fixed(policy) => {
                let policy = self.fixed(policy)?;
                Ok(Prepared {
                    policies: vec![policy; self.trainings as usize],
                    reference: ground.measured()?,
                })
            }
            Work::Learned {
                name,
                learner,
                data,
                target,
                delayed,
            } => {
                let lesson = Lesson {
                    name,
                    learner,
                    space: &self.space,
                    seed: self.seed,
                    trainings: self.trainings,
                };
                let weights = Weights::open(learner, &self.space)?;
                let offline = match (&weights, data) {
                    (Some(Weights::Ours(..)), _) => None,
                    (_, Some(data)) => Some(ground.episodes(data, tell)?),
                    (_, None) => {
                        let why =
                            format!("the model {name:?} learns from [data], which is missing");
                        return Err(RunError::Input(why));
                    }
                };
                let known = match (&weights, &offline) {
                    (Some(Weights::Ours(header, _)), _) => header.reference,
                    (_, offline) => offline.as_ref().and_then(|it| it.data.header().reference),
                };
                let reference = match known {
                    Some(reference) => Some(reference),
                    None => ground.measured()?,
                };
                let wanted = lesson.aims().then(|| Wanted {
                    name,
                    target,
                    delayed: *delayed,
                    ground: &ground,
                    reference,
                });
                wanted.as_ref().map_or(Ok(()), Wanted::check)?;
                let policies = match (weights, &offline) {
                    (Some(Weights::Ours(header, parameters)), _) => {
                        lesson.loaded(*header, parameters)?
                    }
                    (Some(Weights::Published(path)), Some(offline)) => {
                        lesson.learn(offline, Some(&path), tell)?
                    }
                    (None, Some(offline)) => lesson.learn(offline, None, tell)?,
                    (_, None) => Vec::new(),
                };
                let aim = match &wanted {
                    Some(wanted) => Some(wanted.aim(&policies, tell)?),
                    None => None,
                };
                let policies = policies
                    .iter()
                    .map(|policy| -> Arc<dyn TrajectoryPolicy> { Arc::new(policy.with_aim(aim)) });
                Ok(Prepared {
                    policies: policies.collect(),
                    reference,
                })
            }
        }
    }

    fn fixed(&self, policy: &TrajectoryPolicySpec) -> Result<Arc<dyn TrajectoryPolicy>, RunError> {
        let actions = self.space.actions.clone();
        let made = match policy {
            TrajectoryPolicySpec::Random => {
                RandomController::new(actions).and_then(|controller| self.of(controller))
            }
            TrajectoryPolicySpec::Expert { random, noise } => {
                let expert = expert(&self.environment)?.controller;
                match *random == 0.0 && *noise == 0.0 {
                    true => self.of(expert),
                    false => Mixed::new(expert, actions, *random, *noise)
                        .and_then(|controller| self.of(controller)),
                }
            }
            TrajectoryPolicySpec::StepProtocol(config) => self.of(config.clone()),
            TrajectoryPolicySpec::HandTuned(config) => self.of(config.clone()),
            TrajectoryPolicySpec::FixedDose(config) => self.of(config.clone()),
            TrajectoryPolicySpec::Learned { .. } | TrajectoryPolicySpec::Language(_) => {
                return Err(RunError::Input(
                    "a policy that is made elsewhere".to_owned(),
                ));
            }
        };
        made.map_err(|error| RunError::Input(error.to_string()))
    }

    fn of(
        &self,
        controller: impl Controller + 'static,
    ) -> Result<Arc<dyn TrajectoryPolicy>, CollectError> {
        Ok(Arc::new(ControllerPolicy::new(controller, &self.space)?))
    }
}
