//! The policy-based continuous extension of a set function, exactly, by enumeration.
//!
//! `F(pi)` is the mean of `f` over joint draws, one action or none of every agent. An oracle for
//! small instances, to check estimates and guarantees with.
//!
//! # Source
//! MA-OC card, sections 3 and 4. The null action is inferred there.

use std::ops::Range;

use rounds_environments::coordination::Objective;

use super::coordinator::CoordinationError;
use super::optimum::{MOST_SETS, joint_actions};
use super::quadrature::surrogate_nodes;

/// `F` of one objective.
///
/// # Shapes
/// Policies and gradients are `[K]`, a block an agent.
pub struct PolicyExtension<'a> {
    objective: &'a dyn Objective,
    blocks: Vec<Range<usize>>,
    stack: Vec<f64>,
    marginals: Vec<f64>,
}

impl<'a> PolicyExtension<'a> {
    /// The extension of `objective`.
    ///
    /// # Errors
    /// [`CoordinationError::TooLarge`] when there are more than a million joint actions.
    pub fn new(objective: &'a dyn Objective) -> Result<Self, CoordinationError> {
        let ground = objective.ground();
        let got = joint_actions(ground);
        if got > MOST_SETS {
            return Err(CoordinationError::TooLarge {
                what: "the extension by enumeration",
                most: MOST_SETS,
                got,
            });
        }
        let blocks: Vec<_> = (0..ground.agents()).map(|i| ground.block(i)).collect();
        Ok(Self {
            stack: vec![0.0; (blocks.len() + 1) * objective.summary_len()],
            marginals: vec![0.0; ground.most_actions()],
            objective,
            blocks,
        })
    }

    /// `F(policies)`.
    pub fn value(&mut self, policies: &[f64]) -> f64 {
        let objective = self.objective;
        objective.clear(&mut self.stack[..objective.summary_len()]);
        let mut total = 0.0;
        let mut leaf = |weight: f64, summary: &[f64]| total += weight * objective.value(summary);
        walk(
            objective,
            &self.blocks,
            policies,
            1.0,
            &mut self.stack,
            &mut leaf,
        );
        total
    }

    /// `dF/dpi`: the mean of `f(v given the others' draws)`, which does not depend on the own policy.
    pub fn gradient(&mut self, policies: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.add_gradient(policies, 1.0, out);
    }

    /// `g_rho`, the integral over `z` in [0, 1] of `e^(rho (z - 1)) grad F(z pi)`.
    pub fn surrogate_gradient(&mut self, rho: f64, policies: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut scaled = vec![0.0; policies.len()];
        for (z, weight) in surrogate_nodes(rho) {
            for (scaled, p) in scaled.iter_mut().zip(policies) {
                *scaled = z * p;
            }
            self.add_gradient(&scaled, weight, out);
        }
    }

    /// The direction that knows of the curvature: `g_1 + ell / e`.
    pub fn curvature_direction(&mut self, policies: &[f64], out: &mut [f64]) {
        self.surrogate_gradient(1.0, policies, out);
        let width = self.objective.summary_len();
        for (agent, block) in self.blocks.iter().enumerate() {
            let ell = &mut self.marginals[..block.len()];
            self.objective
                .min_marginals(agent, &mut self.stack[..width], ell);
            for (g, ell) in out[block.clone()].iter_mut().zip(ell) {
                *g += *ell / std::f64::consts::E;
            }
        }
    }

    /// A joint action that is worth at least `F(policies)`: agents in turn take their best vertex
    /// given the others, the first of equal ones.
    pub fn round(&mut self, policies: &[f64]) -> Vec<Option<u32>> {
        let mut policies = policies.to_vec();
        let mut gradient = vec![0.0; policies.len()];
        let mut actions = Vec::with_capacity(self.blocks.len());
        for agent in 0..self.blocks.len() {
            self.gradient(&policies, &mut gradient);
            let block = self.blocks[agent].clone();
            // "No action" has derivative 0, and only what is better than that is done.
            let mut best: Option<usize> = None;
            for v in block.clone() {
                if gradient[v] > best.map_or(0.0, |best| gradient[best]) {
                    best = Some(v);
                }
            }
            policies[block.clone()].fill(0.0);
            if let Some(v) = best {
                policies[v] = 1.0;
            }
            actions.push(best.map(|v| (v - block.start) as u32));
        }
        actions
    }

    fn add_gradient(&mut self, policies: &[f64], weight: f64, out: &mut [f64]) {
        let objective = self.objective;
        let width = objective.summary_len();
        for (agent, block) in self.blocks.iter().enumerate() {
            let mut others = self.blocks.clone();
            others.remove(agent);
            objective.clear(&mut self.stack[..width]);
            let marginals = &mut self.marginals[..block.len()];
            let out = &mut out[block.clone()];
            let mut leaf = |weight: f64, summary: &[f64]| {
                objective.marginals(agent, summary, marginals);
                for (g, marginal) in out.iter_mut().zip(marginals.iter()) {
                    *g += weight * marginal;
                }
            };
            walk(
                objective,
                &others,
                policies,
                weight,
                &mut self.stack,
                &mut leaf,
            );
        }
    }
}

/// Goes through all draws of at most one element of every block, with their probabilities times
/// `weight`. `stack` begins with the summary of what has been drawn, and has room for one more of
/// every block.
pub(super) fn walk(
    objective: &dyn Objective,
    blocks: &[Range<usize>],
    policies: &[f64],
    weight: f64,
    stack: &mut [f64],
    leaf: &mut dyn FnMut(f64, &[f64]),
) {
    let width = objective.summary_len();
    let (here, below) = stack.split_at_mut(width);
    let Some((block, rest)) = blocks.split_first() else {
        leaf(weight, here);
        return;
    };
    let mut none = 1.0;
    for v in block.clone() {
        none -= policies[v];
        if policies[v] != 0.0 {
            below[..width].copy_from_slice(here);
            objective.insert(v, &mut below[..width]);
            let weight = weight * policies[v];
            walk(objective, rest, policies, weight, below, leaf);
        }
    }
    if none != 0.0 {
        below[..width].copy_from_slice(here);
        walk(objective, rest, policies, weight * none, below, leaf);
    }
}
