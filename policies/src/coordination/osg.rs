//! OSG: online sequential greedy. Agents act at once and learn one after the other, each from the
//! marginals given what those before it did.
//!
//! # Source
//! MA-OC card, section 7.

use rand::RngExt;
use rounds_environments::coordination::{Fault, Objective};
use rounds_environments::streams::Purpose;

use super::board::Board;
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::forecaster::Forecaster;
use super::queries::Queries;
use super::sampling::draw;

/// Losses of OSG: `-f(v given A) / max f({b})` over own actions `b`, where `running` is the summary
/// of `A`, what agents before this one did.
///
/// # Shapes
/// `out`: one number an own action.
///
/// # Errors
/// [`Fault`] when the objective gives what it may not.
pub fn scaled_losses(
    objective: &dyn Objective,
    queries: &mut Queries,
    running: &[f64],
    out: &mut [f64],
) -> Result<(), Fault> {
    let scale = queries.normaliser(objective)?;
    let marginals = queries.at(objective, running)?;
    for (loss, marginal) in out.iter_mut().zip(marginals) {
        *loss = -scale * marginal;
    }
    Ok(())
}

/// Begins the summary of what agents did at the first of them.
pub(super) fn begin(agent: usize, objective: &dyn Objective, running: &mut [f64]) {
    if agent == 0 {
        objective.clear(running);
    }
}

/// Adds what `agent` did.
pub(super) fn add(
    agent: usize,
    action: Option<u32>,
    objective: &dyn Objective,
    running: &mut [f64],
) {
    if let Some(action) = action {
        objective.insert(objective.ground().element(agent, action), running);
    }
}

/// An agent of OSG.
#[derive(Debug, Clone)]
pub(super) struct Osg {
    queries: Queries,
    forecaster: Forecaster,
    losses: Vec<f64>,
}

impl Osg {
    pub(super) fn new(queries: Queries, forecaster: Forecaster) -> Self {
        let actions = queries.ground().actions(queries.agent());
        Self {
            queries,
            forecaster,
            losses: vec![0.0; actions],
        }
    }
}

impl Coordinator for Osg {
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
        scaled_losses(objective, &mut self.queries, running, &mut self.losses)
            .map_err(|fault| revealed.error(fault))?;
        self.forecaster.learn(&self.losses);
        add(agent, revealed.actions[agent], objective, running);
        Ok(())
    }
}
