//! Weighted coverage: each item counts once, when any element covers it.

use std::sync::Arc;

use super::{ObjectiveError, check_length, check_weights};
use crate::coordination::ground::Ground;
use crate::coordination::objective::{Class, Objective, keep_clone};

/// `f(S) =` the weight of the items that some element of `S` covers; monotone and submodular.
///
/// The summary is 1 for each covered item, else 0. A clone shares its lists.
///
/// # Source
/// MA-OC card, section 13 (area and sensor coverage).
#[derive(Debug, Clone)]
pub struct WeightedCoverage {
    ground: Arc<Ground>,
    lists: Arc<Lists>,
}

#[derive(Debug)]
struct Lists {
    weights: Vec<f64>,
    /// Items of element `e`: `items[starts[e]..starts[e + 1]]`.
    starts: Vec<usize>,
    items: Vec<usize>,
    /// Weight that only this element covers.
    alone: Vec<f64>,
}

impl WeightedCoverage {
    /// A function of the items that each element covers, in any order.
    ///
    /// # Shapes
    /// `weights`: `[J]`; `covers`: `[N]` lists of items below `J`.
    ///
    /// # Errors
    /// [`ObjectiveError`] when a shape is another, a weight is negative or not finite, or an item is
    /// not there or twice in one list.
    pub fn new(
        ground: Arc<Ground>,
        weights: Vec<f64>,
        covers: &[Vec<usize>],
    ) -> Result<Self, ObjectiveError> {
        check_length("covers", ground.len(), covers.len())?;
        check_weights(&weights)?;
        let mut times = vec![0_u32; weights.len()];
        let mut last = vec![usize::MAX; weights.len()];
        let mut starts = vec![0];
        let mut items = Vec::new();
        for (element, list) in covers.iter().enumerate() {
            for &item in list {
                if item >= weights.len() || last[item] == element {
                    let items = weights.len();
                    return Err(ObjectiveError::Item {
                        element,
                        item,
                        items,
                    });
                }
                last[item] = element;
                times[item] += 1;
                items.push(item);
            }
            starts.push(items.len());
        }
        let alone = covers.iter().map(|list| {
            let own = list.iter().filter(|&&item| times[item] == 1);
            own.map(|&item| weights[item]).sum()
        });
        let lists = Lists {
            alone: alone.collect(),
            weights,
            starts,
            items,
        };
        Ok(Self {
            ground,
            lists: Arc::new(lists),
        })
    }

    /// Items that an element covers.
    pub fn items(&self, element: usize) -> &[usize] {
        let lists = &self.lists;
        &lists.items[lists.starts[element]..lists.starts[element + 1]]
    }

    /// Weight of each item.
    pub fn weights(&self) -> &[f64] {
        &self.lists.weights
    }
}

impl Objective for WeightedCoverage {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Submodular
    }

    fn summary_len(&self) -> usize {
        self.lists.weights.len()
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.fill(0.0);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        for &item in self.items(element) {
            summary[item] = 1.0;
        }
    }

    fn value(&self, summary: &[f64]) -> f64 {
        summary.iter().zip(self.weights()).map(|(c, w)| c * w).sum()
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        let weights = self.weights();
        for (gain, element) in out.iter_mut().zip(self.ground.block(agent)) {
            let items = self.items(element).iter();
            *gain = items.map(|&j| weights[j] * (1.0 - summary[j])).sum();
        }
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }

    fn min_marginals(&self, agent: usize, _: &mut [f64], out: &mut [f64]) {
        out.copy_from_slice(&self.lists.alone[self.ground.block(agent)]);
    }
}
