//! Clairvoyant greedy: agents in order take the best action given those before them.
//!
//! # Source
//! MA-OC card, section 7.

use rounds_environments::coordination::Objective;
use rounds_environments::ids::RoundIx;

use super::best::best_action;
use super::coordinator::{CoordinationError, Oracle};
use super::queries::Queries;

/// Sequential greedy that knows the objective before it acts.
#[derive(Debug, Clone)]
pub struct Greedy {
    queries: Vec<Queries>,
    summary: Vec<f64>,
}

impl Greedy {
    /// Greedy of agents that ask by `queries`, in the order of their ids.
    pub fn new(queries: Vec<Queries>, summary_len: usize) -> Self {
        Self {
            queries,
            summary: vec![0.0; summary_len],
        }
    }
}

impl Oracle for Greedy {
    fn act(
        &mut self,
        round: RoundIx,
        objective: &dyn Objective,
        actions: &mut [Option<u32>],
    ) -> Result<(), CoordinationError> {
        objective.clear(&mut self.summary);
        for (agent, (queries, action)) in self.queries.iter_mut().zip(actions).enumerate() {
            let marginals = queries.at(objective, &self.summary);
            let marginals =
                marginals.map_err(|fault| CoordinationError::Objective { round, fault })?;
            *action = best_action(objective.class(), marginals);
            if let Some(action) = *action {
                let element = objective.ground().element(agent, action);
                objective.insert(element, &mut self.summary);
            }
        }
        Ok(())
    }
}
