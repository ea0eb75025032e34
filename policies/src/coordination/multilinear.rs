//! The multilinear extension of a set function, exactly, by enumeration: every element is drawn for
//! itself, so that an agent may draw several actions.
//!
//! # Source
//! MA-OC card, section 3, fact 5, and section 7, MA-OSMA.

use rounds_environments::coordination::Objective;

use super::coordinator::CoordinationError;
use super::extension::walk;
use super::optimum::MOST_SETS;
use super::quadrature::surrogate_nodes;

/// `G` of one objective.
///
/// # Shapes
/// Marginals and gradients are `[K]`, in the order of elements.
pub struct MultilinearExtension<'a> {
    objective: &'a dyn Objective,
    stack: Vec<f64>,
    marginals: Vec<f64>,
}

impl<'a> MultilinearExtension<'a> {
    /// The extension of `objective`.
    ///
    /// # Errors
    /// [`CoordinationError::TooLarge`] when there are more than a million sets of elements.
    pub fn new(objective: &'a dyn Objective) -> Result<Self, CoordinationError> {
        let ground = objective.ground();
        let got = libm::exp2(ground.len() as f64);
        if got > MOST_SETS {
            return Err(CoordinationError::TooLarge {
                what: "the multilinear extension by enumeration",
                most: MOST_SETS,
                got,
            });
        }
        Ok(Self {
            stack: vec![0.0; (ground.len() + 1) * objective.summary_len()],
            marginals: vec![0.0; ground.most_actions()],
            objective,
        })
    }

    /// `G(y)`.
    pub fn value(&mut self, y: &[f64]) -> f64 {
        let objective = self.objective;
        objective.clear(&mut self.stack[..objective.summary_len()]);
        let elements: Vec<_> = (0..y.len()).map(|e| e..e + 1).collect();
        let mut total = 0.0;
        let mut leaf = |weight: f64, summary: &[f64]| total += weight * objective.value(summary);
        walk(objective, &elements, y, 1.0, &mut self.stack, &mut leaf);
        total
    }

    /// `dG/dy_v`, the mean of `f(R + v) - f(R \ v)`.
    pub fn gradient(&mut self, y: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        self.add_gradient(y, 1.0, out);
    }

    /// The integral over `z` in [0, 1] of `e^(c (z - 1)) grad G(z y)`.
    pub fn surrogate_gradient(&mut self, c: f64, y: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let mut scaled = vec![0.0; y.len()];
        for (z, weight) in surrogate_nodes(c) {
            for (scaled, p) in scaled.iter_mut().zip(y) {
                *scaled = z * p;
            }
            self.add_gradient(&scaled, weight, out);
        }
    }

    fn add_gradient(&mut self, y: &[f64], weight: f64, out: &mut [f64]) {
        let objective = self.objective;
        let ground = objective.ground();
        let width = objective.summary_len();
        for (v, out) in out.iter_mut().enumerate() {
            let agent = ground.agent_of(v);
            let block = ground.block(agent);
            let others = (0..y.len()).filter(|&e| e != v);
            let others: Vec<_> = others.map(|e| e..e + 1).collect();
            let marginals = &mut self.marginals[..block.len()];
            objective.clear(&mut self.stack[..width]);
            let mut leaf = |weight: f64, summary: &[f64]| {
                objective.marginals(agent, summary, marginals);
                *out += weight * marginals[v - block.start];
            };
            walk(objective, &others, y, weight, &mut self.stack, &mut leaf);
        }
    }
}
