//! MA-MPL: meta-policy learning, free of parameters of the objective.
//!
//! Every agent runs `L` online linear maximisers; it plays their average. Maximiser `k` is fed the
//! gradient at the partial average of those before it, for which all agents' meta-actions (one draw
//! from every maximiser) are flooded through the graph.
//!
//! # Source
//! MA-OC card, section 6. The equations are inferred there from the continuous-greedy template; the
//! weighting of the distorted mode is derived, and whether the paper uses it is not known.

use std::sync::Arc;

use rand::RngExt;
use rounds_environments::coordination::{Fault, Objective};
use rounds_environments::ids::RoundIx;
use rounds_environments::streams::{Purpose, Stream};

use super::board::Board;
use super::consensus::ascend;
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::queries::Queries;
use super::sampling::draw;
use super::sets::SampledSets;

/// One update of MA-MPL, all that is drawn being given.
#[derive(Debug, Clone, PartialEq)]
pub struct MetaStep {
    /// Step size.
    pub eta: f64,
    /// Whether the direction is divided by the agent's largest singleton marginal.
    pub normalise: bool,
    /// `d_k` of each level; empty in the plain mode.
    weights: Vec<f64>,
    levels: usize,
}

impl MetaStep {
    /// A step of `levels` maximisers. `distorted` gives `1 - c/e` for submodular objectives, plain
    /// is for weakly submodular ones.
    pub fn new(eta: f64, levels: usize, distorted: bool, normalise: bool) -> Self {
        let base = 1.0 - 1.0 / levels as f64;
        // d_k = (1 - 1/L)^(L - k), k from 1.
        let weight = |k: usize| libm::pow(base, (levels - 1 - k) as f64);
        Self {
            eta,
            normalise,
            weights: match distorted {
                true => (0..levels).map(weight).collect(),
                false => Vec::new(),
            },
            levels,
        }
    }

    /// Number of maximisers, `L`.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// What is asked once a round: `f(v given V \ v)` into `ell` where it is needed, and the number
    /// that directions are multiplied by.
    ///
    /// # Errors
    /// [`Fault`] when the objective gives what it may not.
    pub fn prepare(
        &self,
        objective: &dyn Objective,
        queries: &mut Queries,
        ell: &mut [f64],
    ) -> Result<f64, Fault> {
        // With one level the weight is 1, and nothing of ell is left.
        if self.weights.len() > 1 {
            queries.given_all_others(objective, ell)?;
        }
        match self.normalise {
            true => queries.normaliser(objective),
            false => Ok(1.0),
        }
    }

    /// The estimate that the maximiser of `level` (from 0) is fed: the mean of `f(. given S)`, or
    /// `d_k` of it and `1 - d_k` of `ell`; times `scale`.
    ///
    /// # Shapes
    /// `ell`, `out`: one number an own action.
    ///
    /// # Errors
    /// [`Fault`] when the objective gives what it may not.
    pub fn direction(
        &self,
        objective: &dyn Objective,
        queries: &mut Queries,
        level: usize,
        sets: &SampledSets,
        ell: &[f64],
        scale: f64,
        out: &mut [f64],
    ) -> Result<(), Fault> {
        queries.mean_given(objective, sets, out)?;
        match self.weights.get(level) {
            Some(d) => {
                for (g, ell) in out.iter_mut().zip(ell) {
                    *g = scale * (d * *g + (1.0 - d) * ell);
                }
            }
            None => {
                for g in out {
                    *g *= scale;
                }
            }
        }
        Ok(())
    }

    /// Moves a base policy along `direction`.
    ///
    /// # Shapes
    /// `scratch`: at least as long as `policy`.
    pub fn update(&self, policy: &mut [f64], direction: &[f64], scratch: &mut [f64]) {
        ascend(policy, self.eta, direction, scratch);
    }
}

/// An agent of MA-MPL. Its base policies are its own; meta-actions of the last rounds are on the
/// board, as elements, `[rounds kept][L]`.
#[derive(Debug, Clone)]
pub(super) struct Mpl {
    step: Arc<MetaStep>,
    batch: usize,
    /// Rounds whose meta-actions are kept: one more than feedback is late.
    kept: usize,
    queries: Queries,
    /// `[L][kappa]`.
    policies: Vec<f64>,
    /// What is heard of those out of reach: no meta-action, `[L]`.
    silence: Vec<i32>,
    sets: SampledSets,
    ell: Vec<f64>,
    direction: Vec<f64>,
    scratch: Vec<f64>,
}

impl Mpl {
    pub(super) fn new(step: Arc<MetaStep>, batch: usize, kept: usize, queries: Queries) -> Self {
        let actions = queries.ground().actions(queries.agent());
        Self {
            policies: vec![1.0 / actions as f64; actions * step.levels()],
            silence: vec![-1; step.levels()],
            step,
            batch,
            kept,
            sets: SampledSets::with_capacity(batch, queries.ground().agents()),
            queries,
            ell: vec![0.0; actions],
            direction: vec![0.0; actions],
            scratch: vec![0.0; actions],
        }
    }

    /// Where the meta-actions of `round` stand in what an agent has on the board.
    fn slot(&self, round: RoundIx) -> std::ops::Range<usize> {
        let levels = self.step.levels();
        let start = round.0 as usize % self.kept * levels;
        start..start + levels
    }
}

fn pick(levels: usize, stream: &mut Stream) -> usize {
    // Rounding may lift the product of the largest u to `levels` itself.
    ((stream.random::<f64>() * levels as f64) as usize).min(levels - 1)
}

impl Coordinator for Mpl {
    fn act(&mut self, moment: &Moment<'_>, board: &mut Board) -> Option<u32> {
        let agent = moment.index();
        let block = self.queries.ground().block(agent);
        let mut stream = moment.stream(Purpose::Policy);
        let meta = &mut board.ids_mut(agent)[self.slot(moment.round)];
        for (meta, policy) in meta.iter_mut().zip(self.policies.chunks_exact(block.len())) {
            *meta = match draw(policy, stream.random()) {
                Some(action) => (block.start + action as usize) as i32,
                None => -1,
            };
        }
        let played = meta[pick(self.step.levels(), &mut stream)];
        usize::try_from(played)
            .ok()
            .map(|element| (element - block.start) as u32)
    }

    fn learn(
        &mut self,
        moment: &Moment<'_>,
        revealed: &Revealed<'_>,
        board: &mut Board,
    ) -> Result<(), CoordinationError> {
        let agent = moment.index();
        let slot = self.slot(revealed.round);
        let mut stream = moment.stream(Purpose::Learning);
        let fault = |fault| revealed.error(fault);
        let levels = self.step.levels();
        let scale = self
            .step
            .prepare(revealed.objective, &mut self.queries, &mut self.ell)
            .map_err(fault)?;
        let actions = self.direction.len();
        for (level, policy) in self.policies.chunks_exact_mut(actions).enumerate() {
            self.sets.clear();
            for _ in 0..self.batch {
                let agents = self.queries.ground().agents();
                let meta = |j: usize| match moment.graph.hops(agent, j) {
                    Some(_) => &board.ids(j)[slot.clone()],
                    None => &self.silence,
                };
                let pick = |_| pick(levels, &mut stream);
                self.sets.choose_below(agents, agent, level, meta, pick);
            }
            self.step
                .direction(
                    revealed.objective,
                    &mut self.queries,
                    level,
                    &self.sets,
                    &self.ell,
                    scale,
                    &mut self.direction,
                )
                .map_err(fault)?;
            self.step.update(policy, &self.direction, &mut self.scratch);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use rounds_environments::coordination::Ground;

    use super::*;

    #[test]
    fn the_last_level_is_not_distorted() {
        let step = MetaStep::new(0.1, 4, true, false);
        assert!((step.weights[0] - 0.75_f64.powi(3)).abs() < 1e-15);
        assert_eq!(step.weights[3], 1.0);
        assert_eq!(MetaStep::new(0.1, 1, true, false).weights, [1.0]);
        assert!(MetaStep::new(0.1, 4, false, false).weights.is_empty());
    }

    #[test]
    fn meta_actions_of_a_round_have_a_place_until_feedback_comes() {
        let ground = Arc::new(Ground::new(&[2]).unwrap());
        let step = Arc::new(MetaStep::new(0.1, 3, false, false));
        let mpl = Mpl::new(step, 1, 4, Queries::new(ground, 0, 0));
        let slots: Vec<_> = (5..9).map(|r| mpl.slot(RoundIx(r)).start).collect();
        assert_eq!(slots, [3, 6, 9, 0]);
        assert_eq!(mpl.slot(RoundIx(9)), 3..6);
    }
}
