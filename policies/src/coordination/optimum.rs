//! The exhaustive optimum: the best of all joint actions.
//!
//! # Source
//! MA-OC card, section 7.

use rounds_environments::coordination::{Fault, Ground, Objective};
use rounds_environments::ids::RoundIx;

use super::coordinator::{CoordinationError, Oracle};
use super::queries::Queries;

/// Most sets that an enumeration goes through.
pub(super) const MOST_SETS: f64 = 1e6;

/// A value must be larger by this share to be better: what different orders of adding up leave is
/// a tie.
const TIE: f64 = 1e-12;

/// Joint actions of a ground set, "no action" of each agent included.
pub(super) fn joint_actions(ground: &Ground) -> f64 {
    (0..ground.agents())
        .map(|i| ground.actions(i) as f64 + 1.0)
        .product()
}

/// Search through all joint actions, of which the first of equal ones is taken; agents in order,
/// each through its actions and then "no action".
#[derive(Debug, Clone)]
pub struct Optimum {
    queries: Vec<Queries>,
    /// A summary an agent.
    summaries: Vec<f64>,
    chosen: Vec<Option<u32>>,
}

/// The best joint action so far.
struct Best<'a> {
    value: f64,
    actions: &'a mut [Option<u32>],
}

impl Optimum {
    /// A search of agents that ask by `queries`, in the order of their ids.
    ///
    /// # Errors
    /// [`CoordinationError::TooLarge`] when there are more than a million joint actions.
    pub fn new(
        ground: &Ground,
        queries: Vec<Queries>,
        summary_len: usize,
    ) -> Result<Self, CoordinationError> {
        let got = joint_actions(ground);
        if got > MOST_SETS {
            return Err(CoordinationError::TooLarge {
                what: "the optimum by exhaustion",
                most: MOST_SETS,
                got,
            });
        }
        Ok(Self {
            summaries: vec![0.0; summary_len * queries.len()],
            chosen: vec![None; queries.len()],
            queries,
        })
    }
}

impl Oracle for Optimum {
    fn act(
        &mut self,
        round: RoundIx,
        objective: &dyn Objective,
        actions: &mut [Option<u32>],
    ) -> Result<(), CoordinationError> {
        let width = objective.summary_len();
        objective.clear(&mut self.summaries[..width]);
        let mut best = Best {
            value: f64::NEG_INFINITY,
            actions,
        };
        search(
            objective,
            &mut self.queries,
            &mut self.summaries,
            &mut self.chosen,
            0,
            0.0,
            &mut best,
        )
        .map_err(|fault| CoordinationError::Objective { round, fault })
    }
}

/// Goes through what agents from `agent` on may do, `value` being that of those before.
fn search(
    objective: &dyn Objective,
    queries: &mut [Queries],
    summaries: &mut [f64],
    chosen: &mut [Option<u32>],
    agent: usize,
    value: f64,
    best: &mut Best<'_>,
) -> Result<(), Fault> {
    let Some((asking, later)) = queries.split_first_mut() else {
        if best.value == f64::NEG_INFINITY || value > best.value + TIE * best.value.abs().max(1.0) {
            best.value = value;
            best.actions.copy_from_slice(chosen);
        }
        return Ok(());
    };
    let width = objective.summary_len();
    let (here, below) = summaries.split_at_mut(width);
    let marginals = asking.at(objective, here)?;
    for (action, marginal) in marginals.iter().enumerate() {
        if !later.is_empty() {
            below[..width].copy_from_slice(here);
            let element = objective.ground().element(agent, action as u32);
            objective.insert(element, &mut below[..width]);
        }
        chosen[agent] = Some(action as u32);
        search(
            objective,
            later,
            below,
            chosen,
            agent + 1,
            value + marginal,
            best,
        )?;
    }
    if !later.is_empty() {
        below[..width].copy_from_slice(here);
    }
    chosen[agent] = None;
    search(objective, later, below, chosen, agent + 1, value, best)
}
