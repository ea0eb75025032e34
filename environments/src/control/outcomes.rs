//! What the last step did to each of many entities.

use super::vectorised::{Space, Stepped};
use crate::environment::EnvironmentError;
use crate::ids::AgentId;

/// Rewards and flags of entities that move together.
///
/// # Shapes
/// `[entities]` each.
#[derive(Debug, Clone)]
pub(super) struct Outcomes {
    pub(super) rewards: Vec<f64>,
    pub(super) terminated: Vec<bool>,
    pub(super) truncated: Vec<bool>,
}

impl Outcomes {
    /// Of entities that have not moved.
    pub(super) fn new(entities: usize) -> Self {
        Self {
            rewards: vec![0.0; entities],
            terminated: vec![false; entities],
            truncated: vec![false; entities],
        }
    }

    /// Forgets what an entity did.
    pub(super) fn start(&mut self, entity: usize) {
        self.rewards[entity] = 0.0;
        self.terminated[entity] = false;
        self.truncated[entity] = false;
    }

    pub(super) fn is_over(&self, entity: usize) -> bool {
        self.terminated[entity] || self.truncated[entity]
    }

    pub(super) fn stepped(&self) -> Stepped<'_> {
        Stepped {
            rewards: &self.rewards,
            terminated: &self.terminated,
            truncated: &self.truncated,
        }
    }

    /// Refuses the first action, of an entity that is not over, that no system of `space` can take.
    pub(super) fn check(&self, space: &Space, actions: &[f64]) -> Result<(), EnvironmentError> {
        let (entities, size) = (self.rewards.len(), space.action_size());
        if actions.len() != entities * size {
            let got = actions.len();
            let why = format!("expected {entities} actions of {size} numbers, got {got} numbers");
            return Err(EnvironmentError::Failed(why));
        }
        for (entity, action) in actions.chunks_exact(size).enumerate() {
            if !self.is_over(entity)
                && let Some(why) = space.actions.fault(action)
            {
                let agent = AgentId(entity as u32);
                return Err(EnvironmentError::InvalidAction { agent, why });
            }
        }
        Ok(())
    }
}
