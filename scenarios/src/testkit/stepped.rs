//! The checks of a step-wise environment and a policy.

use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, PoisonError};

use rounds_environments::environment::{
    Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
use rounds_environments::ids::{AgentId, EpisodeIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::policy::Policy;
use serde_json::Value;

use super::checked::Checked;
use super::experiment::{Ways, check_experiment};
use super::finding::{Check, Finding};
use super::log::{MOST, out_of_bounds};
use super::planted::{MESSAGE, Plan, Planted, PlantedPolicy, all_faults, check_isolation};
use super::runs::log_of;
use crate::run::Experiment;
use crate::stepped::Stepped;

type Observation<F> = <<F as EnvironmentFactory>::Environment as Environment>::Observation;
type Action<F> = <<F as EnvironmentFactory>::Environment as Environment>::Action;

/// Numbers of a value with their bounds.
struct Numbers<T> {
    of: Box<dyn Fn(&T) -> Vec<f64> + Send + Sync>,
    bounds: RangeInclusive<f64>,
}

/// The checks of the environments of `F` under one policy.
pub struct SteppedKit<F: EnvironmentFactory> {
    game: Stepped,
    factory: Arc<F>,
    policy: Arc<dyn Policy<Observation<F>, Action<F>>>,
    observations: Option<Arc<Numbers<Observation<F>>>>,
    actions: Option<Arc<Numbers<Action<F>>>>,
    ways: Ways,
}

/// Checks of `factory` and `policy` with the seed, episodes and steps of `game`.
pub fn stepped<F: EnvironmentFactory>(
    game: &Stepped,
    factory: F,
    policy: impl Policy<Observation<F>, Action<F>> + 'static,
) -> SteppedKit<F> {
    SteppedKit {
        game: game.clone(),
        factory: Arc::new(factory),
        policy: Arc::new(policy),
        observations: None,
        actions: None,
        ways: Ways {
            limit: Some(game.max_steps),
            ..Ways::default()
        },
    }
}

impl<F: EnvironmentFactory> SteppedKit<F> {
    /// Checks the numbers `of` every observation; each must be finite and within `bounds`.
    #[must_use]
    pub fn observations(
        mut self,
        of: impl Fn(&Observation<F>) -> Vec<f64> + Send + Sync + 'static,
        bounds: RangeInclusive<f64>,
    ) -> Self {
        let of = Box::new(of);
        self.observations = Some(Arc::new(Numbers { of, bounds }));
        self
    }

    /// Checks the numbers `of` every action; each must be finite and within `bounds`.
    #[must_use]
    pub fn actions(
        mut self,
        of: impl Fn(&Action<F>) -> Vec<f64> + Send + Sync + 'static,
        bounds: RangeInclusive<f64>,
    ) -> Self {
        let of = Box::new(of);
        self.actions = Some(Arc::new(Numbers { of, bounds }));
        self
    }

    /// Bounds of every reward; by default all that is finite.
    #[must_use]
    pub fn rewards(mut self, bounds: RangeInclusive<f64>) -> Self {
        self.ways.rewards = bounds;
        self
    }

    /// Accepts episodes that go on until the limit of steps.
    #[must_use]
    pub fn may_reach_limit(mut self) -> Self {
        self.ways.cut_is_fine = true;
        self
    }

    /// Runs every check.
    pub fn check(&self) -> Checked {
        let sound = self.experiment(Plan::default(), None);
        let mut checked = check_experiment(&self.game.name, &sound, &self.ways);
        let watch = Arc::new(Watch {
            observations: self.observations.clone(),
            actions: self.actions.clone(),
            findings: Mutex::default(),
        });
        let watched = self.experiment(Plan::default(), Some(Arc::clone(&watch)));
        // A run that fails was told by the check of determinism.
        if log_of(&watched, 1).is_ok() {
            let bounds = checked
                .results
                .iter_mut()
                .find(|r| r.check == Check::Bounds);
            if let Some(bounds) = bounds {
                let seen = [
                    self.observations.as_ref().map(|_| "observations"),
                    self.actions.as_ref().map(|_| "actions"),
                ];
                for what in seen.into_iter().flatten() {
                    bounds.tried.push_str(&format!(", {what}"));
                }
                bounds.findings.extend(watch.take());
            }
        }
        let plan = Plan::new(self.game.episodes, all_faults());
        let planted = self.experiment(plan.clone(), None);
        check_isolation(&mut checked, &sound, &planted, &plan);
        checked
    }

    fn experiment(&self, plan: Plan, watch: Option<Arc<WatchOf<F>>>) -> Experiment {
        let factory = Wrapped {
            within: Arc::clone(&self.factory),
            plan: plan.clone(),
            watch,
        };
        let policy: PlantedPolicy<Observation<F>, Action<F>> = PlantedPolicy {
            within: Arc::clone(&self.policy),
            plan,
        };
        self.game.arm(&self.game.name, factory, policy).experiment
    }
}

type WatchOf<F> = Watch<Observation<F>, Action<F>>;

/// What observations and actions are looked at, and what was found.
struct Watch<O, A> {
    observations: Option<Arc<Numbers<O>>>,
    actions: Option<Arc<Numbers<A>>>,
    findings: Mutex<Vec<Finding>>,
}

impl<O, A> Watch<O, A> {
    fn look<T>(
        &self,
        (what, numbers): (&str, &Option<Arc<Numbers<T>>>),
        (episode, step, agent): (EpisodeIx, u32, usize),
        value: &T,
    ) {
        let Some(numbers) = numbers else {
            return;
        };
        let agent = agent.to_string();
        let faults = (numbers.of)(value)
            .into_iter()
            .filter_map(|number| out_of_bounds(what, &agent, Some(number), &numbers.bounds));
        for fault in faults {
            let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
            findings.push(Finding {
                step: Some(step),
                ..Finding::at(Check::Bounds, episode.0, None, fault)
            });
        }
    }

    /// The first findings by episode and step.
    fn take(&self) -> Vec<Finding> {
        let mut findings = self.findings.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = std::mem::take(&mut *findings);
        found.sort_by_key(|finding| (finding.episode, finding.step));
        found.truncate(MOST);
        found
    }
}

/// A factory whose environments are watched, or have planted faults.
struct Wrapped<F: EnvironmentFactory> {
    within: Arc<F>,
    plan: Plan,
    watch: Option<Arc<WatchOf<F>>>,
}

impl<F: EnvironmentFactory> EnvironmentFactory for Wrapped<F> {
    type Environment = WrappedEnvironment<F::Environment>;

    fn reset(
        &self,
        seed: RunSeed,
        episode: EpisodeIx,
    ) -> Result<Self::Environment, EnvironmentError> {
        let planted = self.plan.of(episode);
        if planted == Some(Planted::NotMade) {
            return Err(EnvironmentError::Failed(MESSAGE.to_owned()));
        }
        Ok(WrappedEnvironment {
            within: self.within.reset(seed, episode)?,
            episode,
            step: 0,
            planted,
            watch: self.watch.clone(),
        })
    }
}

struct WrappedEnvironment<E: Environment> {
    within: E,
    episode: EpisodeIx,
    step: u32,
    planted: Option<Planted>,
    watch: Option<Arc<Watch<E::Observation, E::Action>>>,
}

impl<E: Environment> Environment for WrappedEnvironment<E> {
    type Observation = E::Observation;
    type Action = E::Action;

    fn agents(&self) -> usize {
        self.within.agents()
    }

    fn observe(&self, agent: AgentId) -> E::Observation {
        let observation = self.within.observe(agent);
        if let Some(watch) = &self.watch {
            let place = (self.episode, self.step, agent.index());
            watch.look(("observation", &watch.observations), place, &observation);
        }
        observation
    }

    fn step(&mut self, actions: &[E::Action]) -> Result<StepOutcome, EnvironmentError> {
        match self.planted {
            Some(Planted::Panics) => std::panic::panic_any(MESSAGE),
            Some(Planted::Refuses) => return Err(EnvironmentError::Failed(MESSAGE.to_owned())),
            _ => {}
        }
        if let Some(watch) = &self.watch {
            for (agent, action) in actions.iter().enumerate() {
                let place = (self.episode, self.step, agent);
                watch.look(("action", &watch.actions), place, action);
            }
        }
        self.step += 1;
        self.within.step(actions)
    }

    fn action_value(&self, action: &E::Action) -> Value {
        self.within.action_value(action)
    }

    fn metrics(&self) -> Vec<(&'static str, f64)> {
        self.within.metrics()
    }

    fn set(&mut self, key: &str, value: &Value) -> Result<(), EnvironmentError> {
        self.within.set(key, value)
    }
}
