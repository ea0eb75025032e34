//! Stale greedy: sequential greedy on the objective of the last round.
//!
//! # Source
//! MA-OC card, section 7.

use super::best::best_action;
use super::blind::uniform;
use super::board::Board;
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::osg::{add, begin};
use super::queries::Queries;

/// An agent that plans for the next round given the plans of those before it; random in the first
/// round.
#[derive(Debug, Clone)]
pub(super) struct StaleGreedy {
    queries: Queries,
    next: Option<Option<u32>>,
}

impl StaleGreedy {
    pub(super) fn new(queries: Queries) -> Self {
        Self {
            queries,
            next: None,
        }
    }
}

impl Coordinator for StaleGreedy {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        let actions = self.queries.ground().actions(moment.index());
        self.next.unwrap_or_else(|| Some(uniform(moment, actions)))
    }

    fn learn(
        &mut self,
        moment: &Moment<'_>,
        revealed: &Revealed<'_>,
        board: &mut Board,
    ) -> Result<(), CoordinationError> {
        let (agent, objective) = (moment.index(), revealed.objective);
        let running = board.running_mut();
        begin(agent, objective, running);
        let marginals = self.queries.at(objective, running);
        let marginals = marginals.map_err(|fault| revealed.error(fault))?;
        let best = best_action(objective.class(), marginals);
        add(agent, best, objective, running);
        self.next = Some(best);
        Ok(())
    }
}
