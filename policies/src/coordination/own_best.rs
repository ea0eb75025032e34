//! Own best: every agent takes what would have been best in the last round had it been alone. The
//! least that learning without communication can do.

use super::best::best_action;
use super::blind::uniform;
use super::board::Board;
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::queries::Queries;

/// An agent that looks at its own marginals alone; random until there are any.
#[derive(Debug, Clone)]
pub(super) struct OwnBest {
    queries: Queries,
    next: Option<Option<u32>>,
}

impl OwnBest {
    pub(super) fn new(queries: Queries) -> Self {
        Self {
            queries,
            next: None,
        }
    }
}

impl Coordinator for OwnBest {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        let actions = self.queries.ground().actions(moment.index());
        self.next.unwrap_or_else(|| Some(uniform(moment, actions)))
    }

    fn learn(
        &mut self,
        _moment: &Moment<'_>,
        revealed: &Revealed<'_>,
        _board: &mut Board,
    ) -> Result<(), CoordinationError> {
        let marginals = self.queries.given(revealed.objective, &[]);
        let marginals = marginals.map_err(|fault| revealed.error(fault))?;
        self.next = Some(best_action(revealed.objective.class(), marginals));
        Ok(())
    }
}
