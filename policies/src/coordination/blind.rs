//! Policies that learn nothing: uniform choice and taking turns.
//!
//! # Source
//! MA-OC card, section 7 (random).

use rand::RngExt;
use rounds_environments::streams::Purpose;

use super::board::Board;
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};

/// One of `actions` actions, of which there is at least one.
pub(super) fn uniform(moment: &Moment<'_>, actions: usize) -> u32 {
    moment
        .stream(Purpose::Policy)
        .random_range(0..actions as u32)
}

/// An agent that chooses uniformly among its actions.
#[derive(Debug, Clone)]
pub(super) struct Random {
    /// Number of actions, at least 1.
    pub(super) actions: usize,
}

impl Coordinator for Random {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        Some(uniform(moment, self.actions))
    }

    fn learn(
        &mut self,
        _moment: &Moment<'_>,
        _revealed: &Revealed<'_>,
        _board: &mut Board,
    ) -> Result<(), CoordinationError> {
        Ok(())
    }
}

/// An agent that goes through its actions, a few rounds each.
#[derive(Debug, Clone)]
pub(super) struct Rota {
    /// Number of actions, at least 1.
    pub(super) actions: usize,
    /// Rounds of each action, at least 1.
    pub(super) period: u32,
    /// Where it begins.
    pub(super) start: usize,
}

impl Coordinator for Rota {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        // Rounds count from 1.
        let turn = moment.round.0.saturating_sub(1) / self.period;
        let at = (u64::from(turn) + self.start as u64) % self.actions as u64;
        Some(at as u32)
    }

    fn learn(
        &mut self,
        _moment: &Moment<'_>,
        _revealed: &Revealed<'_>,
        _board: &mut Board,
    ) -> Result<(), CoordinationError> {
        Ok(())
    }
}
