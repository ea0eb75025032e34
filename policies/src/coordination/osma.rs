//! MA-OSMA and MA-OSEA: mirror ascent on the multilinear extension, with consensus.
//!
//! As MA-SPL, but the set that an agent learns from holds every element for itself, its own
//! included. The two differ in the step of the own block: a projection (MA-OSMA), or a
//! multiplication with exponentials that is mixed with the uniform policy (MA-OSEA).
//!
//! # Source
//! MA-OC card, section 7. Inferred there: the order of the blocks, where the uniform policy is
//! mixed in and how much of it.

use rand::RngExt;
use rounds_environments::coordination::{CommGraph, Fault, Ground, Objective};
use rounds_environments::streams::Purpose;

use super::board::Board;
use super::consensus::{FAR, ascend, mix};
use super::coordinator::{CoordinationError, Coordinator, Moment, Revealed};
use super::queries::Queries;
use super::sampling::{draw, surrogate_mass, surrogate_z};
use super::sets::SampledSets;

/// One update of MA-OSMA or MA-OSEA, all that is drawn being given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MultilinearStep {
    /// Step size.
    pub eta: f64,
    /// Curvature that the weight of the estimate assumes; 1 is safe.
    pub curvature: f64,
    /// Share of the uniform policy in MA-OSEA; `None` is MA-OSMA.
    pub mix: Option<f64>,
    /// Whether the direction is divided by the agent's largest singleton marginal.
    pub normalise: bool,
}

impl MultilinearStep {
    /// The estimate of the direction, `M_c * mean (f(R + v) - f(R \ v))`.
    ///
    /// # Shapes
    /// `out`: one number an own action.
    ///
    /// # Errors
    /// [`Fault`] when the objective gives what it may not.
    pub fn direction(
        &self,
        objective: &dyn Objective,
        queries: &mut Queries,
        sets: &SampledSets,
        out: &mut [f64],
    ) -> Result<(), Fault> {
        let mut scale = surrogate_mass(self.curvature);
        if self.normalise {
            scale *= queries.normaliser(objective)?;
        }
        queries.mean_given(objective, sets, out)?;
        for g in out {
            *g *= scale;
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
        let own = &mut next[ground.block(agent)];
        match self.mix {
            None => ascend(own, self.eta, direction, scratch),
            Some(share) => multiply(own, self.eta, direction, share),
        }
    }
}

/// `x <- (1 - share) * e + share / kappa` with `e` proportional to `x * exp(eta * direction)`,
/// scaled down only where its sum is above 1.
fn multiply(x: &mut [f64], eta: f64, direction: &[f64], share: f64) {
    // Exponents are taken relative to the largest that counts, so that none overflows.
    let exponent = |g: &f64| (eta * g).clamp(-FAR, FAR);
    let counting = x.iter().zip(direction).filter(|(x, _)| **x > 0.0);
    let largest = counting
        .map(|(_, g)| exponent(g))
        .fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (x, g) in x.iter_mut().zip(direction) {
        if *x > 0.0 {
            *x *= libm::exp(exponent(g) - largest);
            sum += *x;
        }
    }
    let uniform = share / x.len() as f64;
    let scale = if sum == 0.0 {
        0.0
    } else if libm::log(sum) + largest > 0.0 {
        1.0 / sum
    } else {
        libm::exp(largest)
    };
    for x in x {
        *x = (1.0 - share) * scale * *x + uniform;
    }
}

/// An agent of MA-OSMA or MA-OSEA. Its copies are on the board.
#[derive(Debug, Clone)]
pub(super) struct Osma {
    step: MultilinearStep,
    batch: usize,
    queries: Queries,
    sets: SampledSets,
    direction: Vec<f64>,
    scratch: Vec<f64>,
}

impl Osma {
    pub(super) fn new(step: MultilinearStep, batch: usize, queries: Queries) -> Self {
        let actions = queries.ground().actions(queries.agent());
        Self {
            step,
            batch,
            sets: SampledSets::with_capacity(batch, queries.ground().len()),
            queries,
            direction: vec![0.0; actions],
            scratch: vec![0.0; actions],
        }
    }
}

impl Coordinator for Osma {
    fn act(&mut self, moment: &Moment<'_>, board: &mut Board) -> Option<u32> {
        let agent = moment.index();
        let own = &board.copies(agent)[self.queries.ground().block(agent)];
        let sum: f64 = own.iter().sum();
        let u: f64 = moment.stream(Purpose::Policy).random();
        // Whatever its mass, the policy is one over actions alone; only an empty one takes none.
        draw(own, u * sum).or_else(|| own.iter().rposition(|&p| p > 0.0).map(|a| a as u32))
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
            let z = surrogate_z(self.step.curvature, stream.random());
            self.sets.draw_elements(own, z, &mut stream);
        }
        self.step
            .direction(
                revealed.objective,
                &mut self.queries,
                &self.sets,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplication_keeps_a_policy_and_never_overflows() {
        let mut x = [0.2, 0.3];
        multiply(&mut x, 1.0, &[-5.0, -5.0], 0.0);
        assert!((x[0] - 0.2 * libm::exp(-5.0)).abs() < 1e-15, "{x:?}");
        let mut x = [0.0, 0.5, 0.5];
        multiply(&mut x, 1e6, &[3.0, 1.0, 2.0], 0.3);
        assert!((x[0] - 0.1).abs() < 1e-12 && (x[2] - 0.8).abs() < 1e-12);
        let mut x = [0.0, 0.0];
        multiply(&mut x, 1.0, &[1.0, 1.0], 0.5);
        assert_eq!(x, [0.25, 0.25]);
    }
}
