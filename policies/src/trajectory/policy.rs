//! How agents of a control environment decide, many at once.

use std::fmt::Debug;
use std::sync::Arc;

use rounds_environments::control::Space;
use rounds_environments::streams::StreamKey;

use super::context::TrajectoryContext;
use super::controller::Controller;
use super::error::CollectError;
use crate::policy::PolicyError;

/// What one agent brings to a decision.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// Key of its own choices in this step: of purpose
    /// [`Policy`](rounds_environments::streams::Purpose::Policy), the round being the step from 1.
    pub key: StreamKey,
    /// What it sees.
    pub observation: &'a [f32],
    /// What it remembers, this step included.
    pub context: &'a TrajectoryContext,
}

/// Room for decisions.
#[derive(Debug)]
pub struct Choices<'a> {
    /// Actions in the environment's own units.
    ///
    /// # Shapes
    /// `[agents, action]`, row by row.
    pub actions: &'a mut [f64],
    /// The same actions as contexts remember them.
    ///
    /// # Shapes
    /// As `actions`.
    pub remembered: &'a mut [f32],
}

/// Decides for all agents that share it, in one pass.
///
/// What it decides for an agent depends on that agent's situation alone, so company changes nothing.
pub trait TrajectoryPolicy: Debug + Send + Sync {
    /// Steps that an agent must remember for it; 0 where only the present counts.
    fn context_steps(&self) -> usize;

    /// The return of a whole episode that it aims at, where it aims at one.
    fn target(&self) -> Option<f64> {
        None
    }

    /// Whether what is earned is taken off the wanted return at each step; else it stays as it is.
    fn pays_off(&self) -> bool {
        true
    }

    /// Decides.
    ///
    /// # Errors
    /// [`PolicyError`] when nothing can be decided for somebody; agents are then asked one by one.
    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError>;
}

/// A controller as a policy: it looks at the present alone.
#[derive(Debug, Clone)]
pub struct ControllerPolicy<C> {
    controller: C,
}

impl<C: Controller> ControllerPolicy<C> {
    /// A policy for environments of `space`.
    ///
    /// # Errors
    /// [`CollectError::Unfit`] where the controller is made for others.
    pub fn new(controller: C, space: &Space) -> Result<Self, CollectError> {
        controller.fits(space)?;
        Ok(Self { controller })
    }
}

impl<C: Controller> TrajectoryPolicy for ControllerPolicy<C> {
    fn context_steps(&self) -> usize {
        0
    }

    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError> {
        let observations: Vec<f32> = agents
            .iter()
            .flat_map(|agent| agent.observation)
            .copied()
            .collect();
        let keys: Vec<StreamKey> = agents.iter().map(|agent| agent.key).collect();
        self.controller.act(&observations, &keys, choices.actions);
        for (kept, action) in choices.remembered.iter_mut().zip(&*choices.actions) {
            *kept = *action as f32;
        }
        Ok(())
    }
}

impl<P: TrajectoryPolicy + ?Sized> TrajectoryPolicy for Arc<P> {
    fn context_steps(&self) -> usize {
        (**self).context_steps()
    }

    fn target(&self) -> Option<f64> {
        (**self).target()
    }

    fn pays_off(&self) -> bool {
        (**self).pays_off()
    }

    fn decide(
        &self,
        agents: &[Situation<'_>],
        choices: &mut Choices<'_>,
    ) -> Result<(), PolicyError> {
        (**self).decide(agents, choices)
    }
}
