//! Bandit OSG: as OSG, but each agent learns only from the marginal of the action it took.
//!
//! # Source
//! MA-OC card, section 7. Rewards there lie in [0, 1]; the scale that brings them there is
//! inferred: where none is set, it is the largest own marginal seen so far.

use rand::RngExt;
use rounds_environments::streams::Purpose;

use super::board::Board;
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::forecaster::Forecaster;
use super::osg::{add, begin};
use super::queries::Queries;
use super::sampling::draw;

/// An agent of bandit OSG.
#[derive(Debug, Clone)]
pub(super) struct BanditOsg {
    queries: Queries,
    forecaster: Forecaster,
    /// A reward of this is 1; `None`: the largest so far.
    reward_scale: Option<f64>,
    largest: f64,
}

impl BanditOsg {
    pub(super) fn new(queries: Queries, forecaster: Forecaster, reward_scale: Option<f64>) -> Self {
        Self {
            queries,
            forecaster,
            reward_scale,
            largest: 0.0,
        }
    }

    /// The loss, in [0, 1], of an action with this marginal.
    fn loss(&mut self, marginal: f64) -> f64 {
        self.largest = self.largest.max(marginal);
        let scale = self.reward_scale.unwrap_or(self.largest);
        let reward = if scale > 0.0 { marginal / scale } else { 0.0 };
        1.0 - reward.clamp(0.0, 1.0)
    }
}

impl Coordinator for BanditOsg {
    fn act(&mut self, moment: &Moment<'_>, _board: &mut Board) -> Option<u32> {
        let u = moment.stream(Purpose::Policy).random();
        draw(self.forecaster.distribution(), u)
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
        if let Some(action) = revealed.actions[agent] {
            let marginals = self.queries.at(objective, running);
            let marginal = marginals.map_err(|fault| revealed.error(fault))?[action as usize];
            let loss = self.loss(marginal);
            self.forecaster.learn_played(action, loss);
        }
        add(agent, revealed.actions[agent], objective, running);
        Ok(())
    }
}
