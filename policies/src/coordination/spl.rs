//! MA-SPL: surrogate policy learning.
//!
//! Every agent keeps a copy of everybody's policy, averages the copies with its neighbours and
//! moves its own block along an unbiased estimate of a surrogate gradient, for which it draws the
//! others' actions from its own copies. Nobody needs to learn what the others did.
//!
//! # Source
//! MA-OC card, sections 4 and 5. The order of the steps is inferred there.

use rand::RngExt;
use rounds_environments::coordination::{CommGraph, Fault, Ground, Objective};
use rounds_environments::streams::Purpose;

use super::board::Board;
use super::consensus::{ascend, mix};
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::queries::Queries;
use super::sampling::{draw, surrogate_mass, surrogate_z};
use super::sets::SampledSets;

/// One update of MA-SPL, all that is drawn being given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SurrogateStep {
    /// Step size.
    pub eta: f64,
    /// Weight of the surrogate: 1, alpha or phi.
    pub rho: f64,
    /// Whether `ell / e` is added, which gives the ratio `1 - c/e` for submodular objectives.
    pub curvature_boost: bool,
    /// Whether the direction is divided by the agent's largest singleton marginal.
    pub normalise: bool,
    /// Whether the direction is divided by `M_rho`.
    pub normalise_mass: bool,
    /// Whether the own block is not averaged with what neighbours last heard of it.
    pub own_block_authoritative: bool,
}

impl SurrogateStep {
    /// The estimate of the direction, `M_rho * mean f(. given S)` and, where boosted, `ell / e`.
    ///
    /// # Shapes
    /// `ell` (scratch), `out`: one number an own action.
    ///
    /// # Errors
    /// [`Fault`] when the objective gives what it may not.
    pub fn direction(
        &self,
        objective: &dyn Objective,
        queries: &mut Queries,
        sets: &SampledSets,
        ell: &mut [f64],
        out: &mut [f64],
    ) -> Result<(), Fault> {
        let mass = surrogate_mass(self.rho);
        let mut scale = 1.0;
        if self.normalise {
            scale *= queries.normaliser(objective)?;
        }
        if self.normalise_mass {
            scale /= mass;
        }
        queries.mean_given(objective, sets, out)?;
        for g in out.iter_mut() {
            *g *= scale * mass;
        }
        if self.curvature_boost {
            queries.given_all_others(objective, ell)?;
            for (g, ell) in out.iter_mut().zip(ell) {
                *g += scale * *ell / std::f64::consts::E;
            }
        }
        Ok(())
    }

    /// What `agent` holds after the round: averaged copies, its own block moved along `direction`.
    ///
    /// # Shapes
    /// `copies`: `[n][K]`; `next`: `[K]`; `scratch`: at least as long as `direction`.
    pub fn update(
        &self,
        ground: &Ground,
        graph: &CommGraph,
        agent: usize,
        copies: &[f64],
        direction: &[f64],
        next: &mut [f64],
        scratch: &mut [f64],
    ) {
        mix(graph, agent, copies, next);
        let block = ground.block(agent);
        if self.own_block_authoritative {
            let own = &copies[agent * next.len()..(agent + 1) * next.len()];
            next[block.clone()].copy_from_slice(&own[block.clone()]);
        }
        ascend(&mut next[block], self.eta, direction, scratch);
    }
}

/// An agent of MA-SPL. Its copies are on the board.
#[derive(Debug, Clone)]
pub(super) struct Spl {
    step: SurrogateStep,
    batch: usize,
    queries: Queries,
    sets: SampledSets,
    ell: Vec<f64>,
    direction: Vec<f64>,
    scratch: Vec<f64>,
}

impl Spl {
    pub(super) fn new(step: SurrogateStep, batch: usize, queries: Queries) -> Self {
        let actions = queries.ground().actions(queries.agent());
        Self {
            step,
            batch,
            sets: SampledSets::with_capacity(batch, queries.ground().agents()),
            queries,
            ell: vec![0.0; actions],
            direction: vec![0.0; actions],
            scratch: vec![0.0; actions],
        }
    }
}

impl Coordinator for Spl {
    fn act(&mut self, moment: &Moment<'_>, board: &mut Board) -> Option<u32> {
        let agent = moment.index();
        let own = &board.copies(agent)[self.queries.ground().block(agent)];
        draw(own, moment.stream(Purpose::Policy).random())
    }

    fn learn(
        &mut self,
        moment: &Moment<'_>,
        revealed: &Revealed<'_>,
        board: &mut Board,
    ) -> Result<(), CoordinationError> {
        let agent = moment.index();
        let (copies, next) = board.learn(agent);
        let own = &copies[agent * next.len()..(agent + 1) * next.len()];
        let mut stream = moment.stream(Purpose::Learning);
        self.sets.clear();
        for _ in 0..self.batch {
            let z = surrogate_z(self.step.rho, stream.random());
            self.sets
                .draw_others(self.queries.ground(), agent, own, z, &mut stream);
        }
        self.step
            .direction(
                revealed.objective,
                &mut self.queries,
                &self.sets,
                &mut self.ell,
                &mut self.direction,
            )
            .map_err(|fault| revealed.error(fault))?;
        self.step.update(
            self.queries.ground(),
            moment.graph,
            agent,
            copies,
            &self.direction,
            next,
            &mut self.scratch,
        );
        Ok(())
    }
}
