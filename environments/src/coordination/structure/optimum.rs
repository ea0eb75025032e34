//! The best joint action, found by trying all.

use serde::Serialize;

use super::ratios::StructureError;
use crate::coordination::objective::Objective;

/// The best joint action of an objective.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Optimum {
    /// Its value.
    pub value: f64,
    /// An action an agent, `None` for no action.
    pub actions: Vec<Option<u32>>,
}

/// Most joint actions that are tried.
const MOST: usize = 10_000_000;

/// The best choice of at most one action an agent; of equals the first in the order of agents and
/// actions, with "no action" last.
///
/// # Errors
/// [`StructureError::TooMany`] when there are more than ten million joint actions.
pub fn optimum(objective: &dyn Objective) -> Result<Optimum, StructureError> {
    let ground = objective.ground();
    let agents = ground.agents();
    let choices = (0..agents).map(|i| ground.actions(i) + 1);
    let joint = choices.fold(1, usize::saturating_mul);
    if joint > MOST {
        return Err(StructureError::TooMany {
            what: "joint actions",
            most: MOST,
            got: joint,
        });
    }
    let width = objective.summary_len();
    // Summaries of the choices of the first agents, one level for each of them.
    let mut levels = vec![0.0; width * (agents + 1)];
    objective.clear(&mut levels[..width]);
    let mut search = Search {
        objective,
        width,
        chosen: vec![None; agents],
        best: Optimum {
            value: f64::NEG_INFINITY,
            actions: vec![None; agents],
        },
    };
    search.descend(0, &mut levels);
    Ok(search.best)
}

struct Search<'a> {
    objective: &'a dyn Objective,
    width: usize,
    chosen: Vec<Option<u32>>,
    best: Optimum,
}

impl Search<'_> {
    fn descend(&mut self, agent: usize, levels: &mut [f64]) {
        let ground = self.objective.ground();
        if agent == ground.agents() {
            let value = self.objective.value(levels);
            if value > self.best.value {
                self.best.value = value;
                self.best.actions.copy_from_slice(&self.chosen);
            }
            return;
        }
        let (here, below) = levels.split_at_mut(self.width);
        let actions = (0..ground.actions(agent) as u32).map(Some);
        for action in actions.chain([None]) {
            below[..self.width].copy_from_slice(here);
            if let Some(action) = action {
                let element = ground.element(agent, action);
                self.objective.insert(element, &mut below[..self.width]);
            }
            self.chosen[agent] = action;
            self.descend(agent + 1, below);
        }
    }
}
