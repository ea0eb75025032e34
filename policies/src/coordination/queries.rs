//! What an agent asks of an objective: marginals of its own actions.

use std::sync::Arc;

use rounds_environments::coordination::{Fault, Ground, Objective, check_marginals};

use super::sets::SampledSets;

/// One agent's questions, with room to answer them in. Every answer is checked.
#[derive(Debug, Clone)]
pub struct Queries {
    ground: Arc<Ground>,
    agent: usize,
    summary: Vec<f64>,
    marginals: Vec<f64>,
    without: Vec<f64>,
}

impl Queries {
    /// Questions of `agent` about objectives whose summaries have `summary_len` numbers.
    pub fn new(ground: Arc<Ground>, agent: usize, summary_len: usize) -> Self {
        let actions = ground.actions(agent);
        Self {
            ground,
            agent,
            summary: vec![0.0; summary_len],
            marginals: vec![0.0; actions],
            without: vec![0.0; actions],
        }
    }

    /// The elements.
    pub fn ground(&self) -> &Ground {
        &self.ground
    }

    /// The agent.
    pub fn agent(&self) -> usize {
        self.agent
    }

    /// `f(v given S)` of every own action, `S` by its summary, without own elements.
    ///
    /// # Errors
    /// [`Fault`] when a marginal is none that an objective of its class may have.
    pub fn at(&mut self, objective: &dyn Objective, summary: &[f64]) -> Result<&[f64], Fault> {
        objective.marginals(self.agent, summary, &mut self.marginals);
        check_marginals(objective.class(), self.agent, &self.marginals)?;
        Ok(&self.marginals)
    }

    /// `f(S + v) - f(S \ v)` of every own action, which is `f(v given S)` where `v` is not in `S`.
    ///
    /// # Errors
    /// As [`Queries::at`].
    pub fn given(&mut self, objective: &dyn Objective, set: &[u32]) -> Result<&[f64], Fault> {
        let block = self.ground.block(self.agent);
        self.summarise(objective, set, None);
        objective.marginals(self.agent, &self.summary, &mut self.marginals);
        for &v in set {
            if block.contains(&(v as usize)) {
                self.summarise(objective, set, Some(v));
                objective.marginals(self.agent, &self.summary, &mut self.without);
                let action = v as usize - block.start;
                self.marginals[action] = self.without[action];
            }
        }
        check_marginals(objective.class(), self.agent, &self.marginals)?;
        Ok(&self.marginals)
    }

    /// The mean of [`Queries::given`] over `sets`.
    ///
    /// # Errors
    /// As [`Queries::at`].
    pub fn mean_given(
        &mut self,
        objective: &dyn Objective,
        sets: &SampledSets,
        out: &mut [f64],
    ) -> Result<(), Fault> {
        out.fill(0.0);
        let share = 1.0 / sets.len() as f64;
        for set in sets.iter() {
            let marginals = self.given(objective, set)?;
            for (out, marginal) in out.iter_mut().zip(marginals) {
                *out += share * marginal;
            }
        }
        Ok(())
    }

    /// `f(v given V \ v)` of every own action, called ℓ in the card.
    ///
    /// # Errors
    /// As [`Queries::at`].
    pub fn given_all_others(
        &mut self,
        objective: &dyn Objective,
        out: &mut [f64],
    ) -> Result<(), Fault> {
        objective.min_marginals(self.agent, &mut self.summary, out);
        check_marginals(objective.class(), self.agent, out)
    }

    /// `1 / max f({v})` over own actions: what a normalised gradient is multiplied by. 1 where the
    /// largest is not above 0, for then there is nothing to divide by.
    ///
    /// # Errors
    /// As [`Queries::at`].
    pub fn normaliser(&mut self, objective: &dyn Objective) -> Result<f64, Fault> {
        let largest = self.given(objective, &[])?.iter().copied();
        let largest = largest.fold(0.0, f64::max);
        // The inverse of a subnormal number is not finite.
        Ok(if largest.is_normal() {
            1.0 / largest
        } else {
            1.0
        })
    }

    fn summarise(&mut self, objective: &dyn Objective, set: &[u32], but: Option<u32>) {
        objective.clear(&mut self.summary);
        for &element in set {
            if Some(element) != but {
                objective.insert(element as usize, &mut self.summary);
            }
        }
    }
}
