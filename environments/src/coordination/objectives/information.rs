//! Bayesian optimal design: how much elements tell about the places of targets.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{ObjectiveError, check_length};
use crate::coordination::ground::Ground;
use crate::coordination::objective::{Class, Objective, keep_clone};

/// What is made small.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Criterion {
    /// The traces of the covariances; monotone and alpha-weakly DR.
    #[default]
    AOptimal,
    /// Their log-determinants; monotone and submodular.
    LogDet,
}

/// A symmetric 2 x 2 matrix, `[xx, xy, yy]`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Symmetric(pub [f64; 3]);

impl Symmetric {
    /// Sum of the eigenvalues.
    pub fn trace(self) -> f64 {
        self.0[0] + self.0[2]
    }

    /// Product of the eigenvalues.
    pub fn determinant(self) -> f64 {
        self.0[0] * self.0[2] - self.0[1] * self.0[1]
    }

    /// The inverse; of a singular matrix, entries that are not finite.
    pub fn inverse(self) -> Self {
        let [xx, xy, yy] = self.0;
        let d = self.determinant();
        Self([yy / d, -xy / d, xx / d])
    }

    /// Product with a vector.
    pub fn times(self, v: [f64; 2]) -> [f64; 2] {
        let [xx, xy, yy] = self.0;
        [xx * v[0] + xy * v[1], xy * v[0] + yy * v[1]]
    }

    /// The matrix with `amount` more on its diagonal.
    pub fn widened(self, amount: f64) -> Self {
        let [xx, xy, yy] = self.0;
        Self([xx + amount, xy, yy + amount])
    }
}

/// With `M_j(S) = (P_j^-)^-1 + sum over e in S of J_ej`: by [`Criterion::AOptimal`],
/// `f(S) = sum_j tr(P_j^-) - tr(M_j(S)^-1)`; by [`Criterion::LogDet`],
/// `f(S) = sum_j 0.5 ln det(I + P_j^- sum J_ej)`.
///
/// The summary is `M_j(S)` of each target, three numbers.
///
/// # Source
/// MA-OC card, section 8.2.
#[derive(Debug)]
pub struct Information {
    ground: Arc<Ground>,
    criterion: Criterion,
    /// `(P_j^-)^-1`, `[target][3]`.
    prior: Vec<f64>,
    /// `J_ej`, `[agent][target][3][action]`.
    blocks: Vec<f64>,
}

impl Clone for Information {
    fn clone(&self) -> Self {
        Self {
            ground: self.ground.clone(),
            criterion: self.criterion,
            prior: self.prior.clone(),
            blocks: self.blocks.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.ground.clone_from(&source.ground);
        self.criterion = source.criterion;
        self.prior.clone_from(&source.prior);
        self.blocks.clone_from(&source.blocks);
    }
}

impl Information {
    /// A function whose elements tell nothing, to be [filled](Self::refill).
    pub fn empty(ground: Arc<Ground>, criterion: Criterion, targets: usize) -> Self {
        Self {
            criterion,
            prior: [1.0, 0.0, 1.0].repeat(targets),
            blocks: vec![0.0; ground.len() * targets * 3],
            ground,
        }
    }

    /// A function of given prior covariances and information matrices.
    ///
    /// # Shapes
    /// `covariances`: `[J]`; `information`: `[N][J]`.
    ///
    /// # Errors
    /// [`ObjectiveError`] when a shape is another, a covariance is not positive definite or an
    /// information matrix has a negative eigenvalue.
    pub fn new(
        ground: Arc<Ground>,
        criterion: Criterion,
        covariances: &[Symmetric],
        information: &[Vec<Symmetric>],
    ) -> Result<Self, ObjectiveError> {
        for (j, p) in covariances.iter().enumerate() {
            if !(p.determinant() > 0.0 && p.trace() > 0.0 && p.trace().is_finite()) {
                return Err(ObjectiveError::Number {
                    what: format!("determinant of the covariance of target {j}"),
                    expected: "a positive definite matrix",
                    got: p.determinant(),
                });
            }
        }
        check_length("information", ground.len(), information.len())?;
        for (e, row) in information.iter().enumerate() {
            let what = format!("information of element {e}");
            check_length(&what, covariances.len(), row.len())?;
            for m in row {
                let [xx, xy, yy] = m.0;
                // A matrix of rank one has a determinant of 0 but for rounding.
                let least = -1e-9 * xx.abs().max(yy.abs()).max(xy.abs()).powi(2);
                if !(xx >= 0.0 && yy >= 0.0 && m.trace().is_finite() && m.determinant() >= least) {
                    return Err(ObjectiveError::Number {
                        what: format!("determinant of the {what}"),
                        expected: "a positive semidefinite matrix",
                        got: m.determinant(),
                    });
                }
            }
        }
        let mut objective = Self::empty(ground.clone(), criterion, covariances.len());
        objective.set_prior(covariances.iter().map(|p| p.inverse()));
        objective.refill(|agent, block| {
            let kappa = ground.actions(agent);
            for (j, part) in block.chunks_exact_mut(3 * kappa).enumerate() {
                for (action, e) in ground.block(agent).enumerate() {
                    for (k, entry) in information[e][j].0.into_iter().enumerate() {
                        part[k * kappa + action] = entry;
                    }
                }
            }
        });
        Ok(objective)
    }

    /// Number of targets, `J`.
    pub fn targets(&self) -> usize {
        self.prior.len() / 3
    }

    /// Sets the information that is there beforehand, `(P_j^-)^-1`, of each target.
    pub fn set_prior(&mut self, precisions: impl IntoIterator<Item = Symmetric>) {
        for (entry, precision) in self.prior.chunks_exact_mut(3).zip(precisions) {
            entry.copy_from_slice(&precision.0);
        }
    }

    /// Writes the information of all elements anew, in place; `fill` is given each agent and its
    /// block.
    ///
    /// # Shapes
    /// The block: `[targets][3][actions(agent)]`, the entries xx, xy and yy of all actions one after
    /// another.
    pub fn refill(&mut self, mut fill: impl FnMut(usize, &mut [f64])) {
        let width = 3 * self.targets();
        for agent in 0..self.ground.agents() {
            let elements = self.ground.block(agent);
            fill(
                agent,
                &mut self.blocks[elements.start * width..elements.end * width],
            );
        }
    }

    /// What an element tells about a target, `J_ej`.
    pub fn of(&self, element: usize, target: usize) -> Symmetric {
        let agent = self.ground.agent_of(element);
        let action = element - self.ground.block(agent).start;
        let (block, kappa) = self.block(agent);
        let part = &block[target * 3 * kappa..];
        Symmetric([0, 1, 2].map(|k| part[k * kappa + action]))
    }

    fn block(&self, agent: usize) -> (&[f64], usize) {
        let elements = self.ground.block(agent);
        let width = 3 * self.targets();
        let range = elements.start * width..elements.end * width;
        (&self.blocks[range], elements.len())
    }

    /// Adds to `out` what each action changes when its information is added `sign` times to that of
    /// the summary: the gain for 1, the loss (below 0) for -1.
    fn changes(&self, sign: f64, agent: usize, summary: &[f64], out: &mut [f64]) {
        let (block, kappa) = self.block(agent);
        for (m, part) in summary.chunks_exact(3).zip(block.chunks_exact(3 * kappa)) {
            let (m, before) = (Symmetric([m[0], m[1], m[2]]), [m[0], m[1], m[2]]);
            let (xx, rest) = part.split_at(kappa);
            let (xy, yy) = rest.split_at(kappa);
            let entries = xx.iter().zip(xy).zip(yy);
            let after = entries.map(|((xx, xy), yy)| {
                let [a, b, c] = before;
                Symmetric([a + sign * xx, b + sign * xy, c + sign * yy])
            });
            match self.criterion {
                Criterion::AOptimal => {
                    let spread = m.trace() / m.determinant();
                    for (sum, after) in out.iter_mut().zip(after) {
                        *sum += spread - after.trace() / after.determinant();
                    }
                }
                Criterion::LogDet => {
                    let d = m.determinant();
                    for (sum, after) in out.iter_mut().zip(after) {
                        *sum += 0.5 * libm::log(after.determinant() / d);
                    }
                }
            }
        }
    }
}

impl Objective for Information {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        match self.criterion {
            Criterion::AOptimal => Class::WeaklyDr { alpha: None },
            Criterion::LogDet => Class::Submodular,
        }
    }

    fn summary_len(&self) -> usize {
        self.prior.len()
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.copy_from_slice(&self.prior);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        for (target, m) in summary.chunks_exact_mut(3).enumerate() {
            let more = self.of(element, target).0;
            for (entry, more) in m.iter_mut().zip(more) {
                *entry += more;
            }
        }
    }

    fn value(&self, summary: &[f64]) -> f64 {
        let matrix = |m: &[f64]| Symmetric([m[0], m[1], m[2]]);
        let pairs = self.prior.chunks_exact(3).zip(summary.chunks_exact(3));
        pairs
            .map(|(before, after)| {
                let (before, after) = (matrix(before), matrix(after));
                let (d, e) = (before.determinant(), after.determinant());
                match self.criterion {
                    Criterion::AOptimal => before.trace() / d - after.trace() / e,
                    Criterion::LogDet => 0.5 * libm::log(e / d),
                }
            })
            .sum()
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.changes(1.0, agent, summary, out);
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }

    /// The information of all elements is summed once, and each action's is taken away again.
    fn min_marginals(&self, agent: usize, scratch: &mut [f64], out: &mut [f64]) {
        self.clear(scratch);
        for e in 0..self.ground.len() {
            self.insert(e, scratch);
        }
        out.fill(0.0);
        self.changes(-1.0, agent, scratch, out);
        for loss in out {
            *loss = -*loss;
        }
    }
}
