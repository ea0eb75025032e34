//! Detection: elements notice items with a chance of their own, independently.

use std::sync::Arc;

use super::{ObjectiveError, check_length, check_weights};
use crate::coordination::ground::Ground;
use crate::coordination::objective::{Class, Objective, keep_clone};

/// `f(S) = sum_b w_b (1 - prod over e in S that look at b of (1 - q_eb))`: the expected weight of
/// the items that are noticed; monotone and submodular.
///
/// The summary is the chance that each item is missed.
///
/// # Source
/// MA-OC card, section 13 (sensor coverage), as probabilistic coverage.
#[derive(Debug)]
pub struct Detection {
    ground: Arc<Ground>,
    weights: Vec<f64>,
    hits: Hits,
    /// `f(v given V \ v)`.
    least: Vec<f64>,
    /// Room to work in: the chance that each item is missed so far, and before each hit.
    missed: Vec<f64>,
    before: Vec<f64>,
}

/// What the elements look at, element by element.
#[derive(Debug, Default)]
pub struct Hits {
    /// Hits of element `e`: `hits[starts[e]..starts[e + 1]]`.
    starts: Vec<usize>,
    hits: Vec<(usize, f64)>,
}

impl Hits {
    /// The element looks at `item` and notices it with chance `q`.
    pub fn push(&mut self, item: usize, q: f64) {
        self.hits.push((item, q));
    }

    fn of(&self, element: usize) -> &[(usize, f64)] {
        &self.hits[self.starts[element]..self.starts[element + 1]]
    }

    fn clear(&mut self) {
        self.starts.clear();
        self.hits.clear();
        self.starts.push(0);
    }
}

impl Clone for Detection {
    fn clone(&self) -> Self {
        Self {
            ground: self.ground.clone(),
            weights: self.weights.clone(),
            hits: Hits {
                starts: self.hits.starts.clone(),
                hits: self.hits.hits.clone(),
            },
            least: self.least.clone(),
            missed: self.missed.clone(),
            before: self.before.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.ground.clone_from(&source.ground);
        self.weights.clone_from(&source.weights);
        self.hits.starts.clone_from(&source.hits.starts);
        self.hits.hits.clone_from(&source.hits.hits);
        self.least.clone_from(&source.least);
        self.missed.clone_from(&source.missed);
        self.before.clone_from(&source.before);
    }
}

impl Detection {
    /// A function over `items` items of weight 0 that nobody looks at, to be [filled](Self::refill).
    pub fn empty(ground: Arc<Ground>, items: usize) -> Self {
        let elements = ground.len();
        Self {
            ground,
            weights: vec![0.0; items],
            hits: Hits {
                starts: vec![0; elements + 1],
                hits: Vec::new(),
            },
            least: vec![0.0; elements],
            missed: vec![1.0; items],
            before: Vec::new(),
        }
    }

    /// A function of given weights and hits `(item, q)`.
    ///
    /// # Shapes
    /// `weights`: `[B]`; `hits`: `[N]` lists.
    ///
    /// # Errors
    /// As [`Detection::refill`], and when there are not as many lists as elements.
    pub fn new(
        ground: Arc<Ground>,
        weights: &[f64],
        hits: &[Vec<(usize, f64)>],
    ) -> Result<Self, ObjectiveError> {
        check_length("hits", ground.len(), hits.len())?;
        let mut objective = Self::empty(ground, weights.len());
        objective.refill(weights, |element, out| {
            for &(item, q) in &hits[element] {
                out.push(item, q);
            }
        })?;
        Ok(objective)
    }

    /// Writes weights and hits anew, in place; `fill` is given each element in order and pushes what it
    /// looks at.
    ///
    /// # Errors
    /// [`ObjectiveError`] when there are not as many weights as items, a weight is negative or not
    /// finite, an item is not there or twice in one list, or a chance is not in 0 to 1. The function is
    /// then of no use until it is filled again.
    pub fn refill(
        &mut self,
        weights: &[f64],
        mut fill: impl FnMut(usize, &mut Hits),
    ) -> Result<(), ObjectiveError> {
        check_length("weights", self.weights.len(), weights.len())?;
        check_weights(weights)?;
        self.weights.copy_from_slice(weights);
        self.hits.clear();
        for element in 0..self.ground.len() {
            fill(element, &mut self.hits);
            self.hits.starts.push(self.hits.hits.len());
            check_hits(element, self.hits.of(element), weights.len())?;
        }
        self.find_least();
        Ok(())
    }

    /// The chance that all others miss an item is the product over those before times that over those
    /// after, which holds where a chance is 1 as well.
    fn find_least(&mut self) {
        let hits = &self.hits.hits;
        self.before.clear();
        self.missed.fill(1.0);
        for &(item, q) in hits {
            self.before.push(self.missed[item]);
            self.missed[item] *= 1.0 - q;
        }
        self.missed.fill(1.0);
        for element in (0..self.least.len()).rev() {
            let mut sum = 0.0;
            let own = self.hits.starts[element]..self.hits.starts[element + 1];
            for (&(item, q), before) in hits[own.clone()].iter().zip(&self.before[own]) {
                sum += self.weights[item] * q * before * self.missed[item];
                self.missed[item] *= 1.0 - q;
            }
            self.least[element] = sum;
        }
    }
}

fn check_hits(element: usize, hits: &[(usize, f64)], items: usize) -> Result<(), ObjectiveError> {
    for (at, &(item, q)) in hits.iter().enumerate() {
        if item >= items || hits[..at].iter().any(|&(other, _)| other == item) {
            return Err(ObjectiveError::Item {
                element,
                item,
                items,
            });
        }
        if !(0.0..=1.0).contains(&q) {
            return Err(ObjectiveError::Number {
                what: format!("chance of element {element} at item {item}"),
                expected: "a number from 0 to 1",
                got: q,
            });
        }
    }
    Ok(())
}

impl Objective for Detection {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Submodular
    }

    fn summary_len(&self) -> usize {
        self.weights.len()
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.fill(1.0);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        for &(item, q) in self.hits.of(element) {
            summary[item] *= 1.0 - q;
        }
    }

    fn value(&self, summary: &[f64]) -> f64 {
        let items = self.weights.iter().zip(summary);
        items.map(|(w, missed)| w * (1.0 - missed)).sum()
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        for (gain, element) in out.iter_mut().zip(self.ground.block(agent)) {
            let hits = self.hits.of(element).iter();
            *gain = hits.map(|&(j, q)| self.weights[j] * q * summary[j]).sum();
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }

    fn min_marginals(&self, agent: usize, _: &mut [f64], out: &mut [f64]) {
        out.copy_from_slice(&self.least[self.ground.block(agent)]);
    }
}
