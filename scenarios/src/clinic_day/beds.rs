//! Who gives doses at the beds: scripted, or a model that learnt from the ward's own logs.

use std::sync::{Arc, OnceLock};

use rounds_agents::clinic_day::{AtBeds, ClinicDayPlugin};
use rounds_environments::control::data::{ActionMap, Header, Reference};
use rounds_environments::control::stabilise::{Stabilise, StabiliseConfig};
use rounds_environments::control::{ControlEnvironment, Space, Vectorised};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::trajectory::doses::FixedDose;
use rounds_policies::trajectory::{
    Aim, Controller, ControllerPolicy, LearnedPolicy, TrajectoryPolicy,
};
use serde_json::json;

use super::score::harm_of;
use super::ward::{play, stays};
use crate::hash::sha256;
use crate::run::RunError;
use crate::schema::{BedsSpec, LearnerSpec, TargetSpec, TrajectoryPolicySpec, WardDataSpec};
use crate::trajectory::{Lesson, Offline, Tell};

/// The policies at the beds of an arm, made when they are first asked for.
pub struct BedPreparation {
    /// The days, with the staff sent as on the days before the test.
    pub(super) ward: ClinicDayPlugin,
    pub(super) spec: BedsSpec,
    pub(super) stability: StabiliseConfig,
    pub(super) learner: Option<(String, LearnerSpec)>,
    pub(super) seed: RunSeed,
    pub(super) trainings: u32,
    pub(super) made: OnceLock<Result<AtBeds, String>>,
}

fn input(error: impl std::fmt::Display) -> RunError {
    RunError::Input(error.to_string())
}

impl BedPreparation {
    /// The policies, made now where they were not before; `tell` is told how far that is.
    ///
    /// # Errors
    /// [`RunError::Input`] when they cannot be made.
    pub fn get(&self, tell: Tell<'_>) -> Result<&AtBeds, RunError> {
        let made = self
            .made
            .get_or_init(|| self.make(tell).map_err(|error| error.to_string()));
        made.as_ref().map_err(|why| RunError::Input(why.clone()))
    }

    fn space(&self) -> Result<Space, RunError> {
        let patient = Stabilise::new(self.stability.clone()).map_err(input)?;
        let one = Vectorised::<Stabilise>::new(patient, 1, self.seed, EpisodeIx(0));
        Ok(one.map_err(input)?.space().clone())
    }

    fn make(&self, tell: Tell<'_>) -> Result<AtBeds, RunError> {
        let space = self.space()?;
        let Some(name) = &self.spec.policy else {
            let nothing = FixedDose { dose: 0.0 };
            return Ok(one(policy(nothing, &space)?));
        };
        let missing = || input(format!("there is no policy {name:?}"));
        match self.spec.policies.get(name).ok_or_else(missing)? {
            TrajectoryPolicySpec::Learned {
                target, delayed, ..
            } => self.learnt(target, *delayed, &space, tell),
            scripted => Ok(one(self.scripted(scripted, &space)?)),
        }
    }

    fn scripted(
        &self,
        spec: &TrajectoryPolicySpec,
        space: &Space,
    ) -> Result<Arc<dyn TrajectoryPolicy>, RunError> {
        match spec {
            TrajectoryPolicySpec::StepProtocol(config) => policy(config.clone(), space),
            TrajectoryPolicySpec::HandTuned(config) => policy(config.clone(), space),
            TrajectoryPolicySpec::FixedDose(config) => policy(config.clone(), space),
            _ => Err(input("a policy that is not scripted")),
        }
    }

    /// A model trained on the stays of days before the test.
    fn learnt(
        &self,
        target: &TargetSpec,
        delayed: bool,
        space: &Space,
        tell: Tell<'_>,
    ) -> Result<AtBeds, RunError> {
        let (name, learner) = self
            .learner
            .as_ref()
            .ok_or_else(|| input("there is no model"))?;
        let spec = self.spec.data.as_ref().ok_or_else(|| {
            input(format!(
                "the model {name:?} learns from [data], which is missing"
            ))
        })?;
        let (offline, reference) = self.collect(spec, space)?;
        let lesson = Lesson {
            name,
            learner,
            space,
            seed: self.seed,
            trainings: self.trainings,
        };
        let policies = lesson.learn(&offline, learner.weights.as_deref(), tell)?;
        let aim = match lesson.aims() {
            false => None,
            true => Some(self.aim(name, &policies, (target, delayed), reference, tell)?),
        };
        let aimed = policies
            .iter()
            .map(|policy| -> Arc<dyn TrajectoryPolicy> { Arc::new(policy.with_aim(aim)) });
        Ok(AtBeds {
            policies: aimed.collect(),
        })
    }

    /// Plays days with each of the scripted policies, and takes the stays from their logs.
    fn collect(
        &self,
        spec: &WardDataSpec,
        space: &Space,
    ) -> Result<(Offline, Reference), RunError> {
        // Days that no test has, unless somebody says so.
        let seed = RunSeed(spec.seed.unwrap_or(self.seed.0.wrapping_add(1 << 61)));
        let mut logs = Vec::new();
        for name in &spec.policies {
            let missing = || input(format!("there is no policy {name:?}"));
            let scripted = self.spec.policies.get(name).ok_or_else(missing)?;
            let scripted = one(self.scripted(scripted, space)?);
            logs.extend(play(&self.ward, scripted, spec.days, seed)?);
        }
        let header = Header {
            environment: "stabilise".to_owned(),
            collector: format!("logs of the ward: {}", spec.policies.join(", ")),
            seeds: vec![seed.0],
            ..Header::default()
        };
        let mut data = stays(&logs, header)?;
        data.rescale(ActionMap::of(&space.actions)).map_err(input)?;
        let mut returns = data.returns();
        returns.sort_by(f64::total_cmp);
        let at = |share: f64| returns[((returns.len() - 1) as f64 * share) as usize];
        // A score of 0 is a bad stay, of 100 one of the best.
        let (min, max) = (at(0.05), at(0.95));
        let reference = Reference { min, max };
        reference.validate().map_err(input)?;
        let hash = sha256(
            json!({ "ward": spec, "policies": self.spec.policies, "seed": seed.0, "patient": self.stability,
                "days": self.ward.plans.iter().map(|plan| plan.config.as_ref()).collect::<Vec<_>>(),
                "stays": data.episodes(), "steps": data.steps(),
                "returns": returns.iter().map(|total| total.to_bits()).collect::<Vec<_>>() })
            .to_string(),
        );
        let warnings = data.warnings().iter().map(ToString::to_string).collect();
        let offline = Offline {
            data,
            hash,
            warnings,
        };
        Ok((offline, reference))
    }

    /// The wanted return of a stay: as written, or the best of several on days before the test.
    fn aim(
        &self,
        name: &str,
        policies: &[LearnedPolicy],
        (target, delayed): (&TargetSpec, bool),
        reference: Reference,
        tell: Tell<'_>,
    ) -> Result<Aim, RunError> {
        let of_score = |score: f64| reference.min + score / 100.0 * (reference.max - reference.min);
        let aim = |target| Aim { target, delayed };
        let (scores, days) = match target {
            TargetSpec::Return(target) => return Ok(aim(*target)),
            TargetSpec::Score(score) => return Ok(aim(of_score(*score))),
            TargetSpec::Choose { scores, rollouts } => (scores, *rollouts),
        };
        let seed = RunSeed(self.seed.0.wrapping_add(1 << 62));
        let mut best: Option<(f64, f64)> = None;
        for &score in scores {
            let target = of_score(score);
            let asked = policies.iter().map(|policy| -> Arc<dyn TrajectoryPolicy> {
                Arc::new(policy.with_aim(Some(aim(target))))
            });
            let at_beds = AtBeds {
                policies: asked.collect(),
            };
            let logs = play(&self.ward, at_beds, days, seed)?;
            let harms: Vec<f64> = logs.iter().filter_map(harm_of).collect();
            let mean = harms.iter().sum::<f64>() / harms.len().max(1) as f64;
            if best.is_none_or(|(least, _)| mean < least) {
                best = Some((mean, target));
            }
        }
        let (harm, target) = best.ok_or_else(|| input("no target to choose from"))?;
        tell(&format!(
            "{name}: wants a return of {target:.2} of a stay, with a harm of {harm:.2} on {days} days before the test"
        ));
        Ok(aim(target))
    }
}

fn one(policy: Arc<dyn TrajectoryPolicy>) -> AtBeds {
    AtBeds {
        policies: vec![policy],
    }
}

fn policy(
    controller: impl Controller + 'static,
    space: &Space,
) -> Result<Arc<dyn TrajectoryPolicy>, RunError> {
    Ok(Arc::new(
        ControllerPolicy::new(controller, space).map_err(input)?,
    ))
}
