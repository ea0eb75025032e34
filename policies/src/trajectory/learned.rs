//! Policies by sequence models and by behaviour cloning.

use std::sync::Arc;

use rounds_environments::control::data::{ActionMap, Normaliser};
use rounds_environments::control::{Actions, Space};
use rounds_models::trajectory::{Architecture, Inputs, Predictor, Threads, TrajectoryConfig};

use super::error::{CollectError, check};
use super::policy::{Choices, Situation, TrajectoryPolicy};
use crate::policy::PolicyError;

/// How observations, returns and actions of an environment are told to a model.
#[derive(Debug, Clone, PartialEq)]
pub struct Scales {
    /// Mean and deviation of each dimension of an observation.
    pub normaliser: Normaliser,
    /// Returns to go are divided by this.
    pub return_scale: f64,
    /// From the model's actions, between -1 and 1, to those of the environment; none where they are the same.
    pub action_map: Option<ActionMap>,
}

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Aim {
    /// The return of a whole episode.
    pub target: f64,
    /// Rewards come only at the end: the wanted return then stays as it is.
    pub delayed: bool,
}

/// A trained model that acts: all agents that share it go through it in one pass.
///
/// # Source
/// Trajectory card, section 4.4: histories are normalised, then padded with zeros at the left.
#[derive(Debug)]
pub struct LearnedPolicy {
    predictor: Arc<Predictor>,
    scales: Scales,
    actions: Actions,
    aim: Option<Aim>,
    threads: Threads,
}

impl LearnedPolicy {
    /// A policy for environments of `space`; `aim` is of no use to behaviour cloning.
    ///
    /// # Errors
    /// [`CollectError::Unfit`] for a model of other observations or actions, [`CollectError::Setting`] for scales that do not fit
    /// or a target that is not finite.
    pub fn new(
        predictor: Arc<Predictor>,
        scales: Scales,
        space: &Space,
        aim: Option<Aim>,
        threads: Threads,
    ) -> Result<Self, CollectError> {
        let config = predictor.config();
        let (seen, done) = (space.observation_size(), space.action_size());
        if (config.observation, config.action) != (seen, done) {
            return Err(CollectError::Unfit {
                controller: "the model",
                expected: format!(
                    "observations of {} numbers and actions of {}",
                    config.observation, config.action
                ),
                environment: space.name,
                got: format!("{seen} and {done}"),
            });
        }
        let sizes = [scales.normaliser.mean.len(), scales.normaliser.std.len()];
        let fits = sizes == [seen, seen];
        check("normaliser", fits, format!("{seen} dimensions"), sizes[0])?;
        if let Some(map) = &scales.action_map {
            map.validate(done)?;
        }
        let scale = scales.return_scale;
        let holds = scale > 0.0 && scale.is_finite();
        check("return_scale", holds, "a number above 0", scale)?;
        let aim = aim.filter(|_| config.architecture != Architecture::Bc);
        if let Some(aim) = aim {
            check(
                "target",
                aim.target.is_finite(),
                "a finite return",
                aim.target,
            )?;
        }
        Ok(Self {
            predictor,
            scales,
            actions: space.actions.clone(),
            aim,
            threads,
        })
    }

    /// The same asked for something else.
    #[must_use]
    pub fn with_aim(&self, aim: Option<Aim>) -> Self {
        Self {
            predictor: Arc::clone(&self.predictor),
            scales: self.scales.clone(),
            actions: self.actions.clone(),
            aim: aim.filter(|_| self.config().architecture != Architecture::Bc),
            threads: self.threads.clone(),
        }
    }

    fn config(&self) -> &TrajectoryConfig {
        self.predictor.config()
    }

    /// Turns an action of the model into one of the environment; choices are the nearest ones, and the model
    /// remembers what was chosen.
    fn release(&self, predicted: &mut [f32], action: &mut [f64]) {
        for (to, from) in action.iter_mut().zip(&*predicted) {
            *to = f64::from(*from);
        }
        if let Some(map) = &self.scales.action_map {
            map.to_environment(action);
        }
        if let Actions::Discrete { count } = self.actions {
            let most = f64::from(count.saturating_sub(1));
            for number in action.iter_mut() {
                *number = number.round().clamp(0.0, most);
            }
            let mut chosen = action.to_vec();
            if let Some(map) = &self.scales.action_map {
                map.to_model(&mut chosen);
            }
            for (kept, chosen) in predicted.iter_mut().zip(chosen) {
                *kept = chosen as f32;
            }
        }
    }
}

/// Histories of agents, as a model reads them.
struct Histories {
    context: usize,
    states: Vec<f32>,
    actions: Vec<f32>,
    returns_to_go: Vec<f32>,
    timesteps: Vec<u32>,
    mask: Vec<f32>,
}

impl Histories {
    fn new(
        agents: &[Situation<'_>],
        context: usize,
        config: &TrajectoryConfig,
        scales: &Scales,
    ) -> Self {
        let steps = agents.len() * context;
        let (seen, done) = (config.observation, config.action);
        let mut all = Self {
            context,
            states: vec![0.0; steps * seen],
            actions: vec![0.0; steps * done],
            returns_to_go: vec![0.0; steps],
            timesteps: vec![0; steps],
            mask: vec![0.0; steps],
        };
        let latest = u32::try_from(config.max_ep_len.saturating_sub(1)).unwrap_or(u32::MAX);
        for (row, agent) in agents.iter().enumerate() {
            let past = agent.context;
            let known = past.len().min(context);
            let first = (row + 1) * context - known;
            let steps = past.iter().skip(past.len() - known);
            for (at, step) in (first..).zip(steps) {
                let state = &mut all.states[at * seen..][..seen];
                for (dimension, (to, from)) in state.iter_mut().zip(step.observation).enumerate() {
                    *to = scales.normaliser.apply(dimension, f64::from(*from)) as f32;
                }
                all.actions[at * done..][..done].copy_from_slice(step.action);
                all.returns_to_go[at] = (step.return_to_go / scales.return_scale) as f32;
                all.timesteps[at] = step.timestep.min(latest);
                all.mask[at] = 1.0;
            }
        }
        all
    }

    fn inputs(&self, rows: usize) -> Inputs<'_> {
        Inputs {
            rows,
            context: self.context,
            states: &self.states,
            actions: &self.actions,
            returns_to_go: &self.returns_to_go,
            timesteps: &self.timesteps,
            mask: &self.mask,
        }
    }
}

impl TrajectoryPolicy for LearnedPolicy {
    fn context_steps(&self) -> usize {
        match self.config().architecture {
            Architecture::Bc => self.config().cloned_states,
            _ => self.config().context,
        }
    }

    fn target(&self) -> Option<f64> {
        self.aim.map(|aim| aim.target)
    }

    fn pays_off(&self) -> bool {
        self.aim.is_none_or(|aim| !aim.delayed)
    }

    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError> {
        let config = self.config();
        let histories = Histories::new(agents, self.context_steps(), config, &self.scales);
        let predicted = self.predictor.predict_into(
            histories.inputs(agents.len()),
            &self.threads,
            choices.remembered,
        );
        predicted.map_err(|error| PolicyError::Failed(error.to_string()))?;
        let done = config.action;
        let rows = choices.actions.chunks_exact_mut(done);
        for (action, predicted) in rows.zip(choices.remembered.chunks_exact_mut(done)) {
            self.release(predicted, action);
        }
        Ok(())
    }
}
