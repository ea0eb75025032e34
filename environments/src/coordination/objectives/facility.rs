//! Facility location: each target is worth its best-placed element.

use std::sync::Arc;

use super::{ObjectiveError, check_length};
use crate::coordination::ground::Ground;
use crate::coordination::objective::{Class, Objective, keep_clone};

/// `f(S) = sum_j max over e in S of values[e][j]`, 0 for the empty set; monotone and submodular.
///
/// The summary of a set is the cover of each target, the largest value so far.
///
/// # Source
/// MA-OC card, section 8.1.
#[derive(Debug)]
pub struct FacilityLocation {
    ground: Arc<Ground>,
    targets: usize,
    /// `[agent][target][action]`: one target's values of one agent are contiguous, so that the
    /// loops over actions run in vector registers.
    values: Vec<f64>,
    /// The same as `[element][target]`: an element's values are contiguous, so that adding one to a
    /// set reads no more memory than it needs.
    columns: Vec<f64>,
    /// Second largest value of each target over all elements, 0 where there is none.
    second: Vec<f64>,
    /// Running largest and second largest values of each target, in lanes.
    tops: Vec<Tops>,
}

const LANES: usize = 4;
/// Targets whose values are copied together: what a line of the cache holds.
const TILE: usize = 8;

#[derive(Debug, Clone, Copy)]
struct Tops {
    best: [f64; LANES],
    second: [f64; LANES],
}

impl Tops {
    const NONE: Self = Self {
        best: [0.0; LANES],
        second: [0.0; LANES],
    };

    fn add(&mut self, values: [f64; LANES]) {
        for ((best, second), value) in self.best.iter_mut().zip(&mut self.second).zip(values) {
            *second = larger(*second, smaller(*best, value));
            *best = larger(*best, value);
        }
    }

    fn second(&self) -> f64 {
        let (mut best, mut second) = (self.best[0], self.second[0]);
        for lane in 1..LANES {
            second = larger(
                second,
                larger(self.second[lane], smaller(best, self.best[lane])),
            );
            best = larger(best, self.best[lane]);
        }
        second
    }
}

// As comparisons these become single instructions, which `f64::max` with its care for NaN does not.
fn larger(a: f64, b: f64) -> f64 {
    if a > b { a } else { b }
}

fn smaller(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

impl Clone for FacilityLocation {
    fn clone(&self) -> Self {
        Self {
            ground: self.ground.clone(),
            targets: self.targets,
            values: self.values.clone(),
            columns: self.columns.clone(),
            second: self.second.clone(),
            tops: self.tops.clone(),
        }
    }

    fn clone_from(&mut self, source: &Self) {
        self.ground.clone_from(&source.ground);
        self.targets = source.targets;
        self.values.clone_from(&source.values);
        self.columns.clone_from(&source.columns);
        self.second.clone_from(&source.second);
        self.tops.clone_from(&source.tops);
    }
}

impl FacilityLocation {
    /// A function whose values are all 0, to be [filled](Self::refill).
    pub fn empty(ground: Arc<Ground>, targets: usize) -> Self {
        Self {
            values: vec![0.0; ground.len() * targets],
            columns: vec![0.0; ground.len() * targets],
            second: vec![0.0; targets],
            tops: vec![Tops::NONE; targets],
            ground,
            targets,
        }
    }

    /// A function with given values.
    ///
    /// # Shapes
    /// `values`: `[N][J]`.
    ///
    /// # Errors
    /// [`ObjectiveError`] when the shape is another, or a value is negative or not finite.
    pub fn new(ground: Arc<Ground>, values: &[Vec<f64>]) -> Result<Self, ObjectiveError> {
        check_length("values", ground.len(), values.len())?;
        let targets = values[0].len();
        for (e, row) in values.iter().enumerate() {
            check_length(&format!("values of element {e}"), targets, row.len())?;
            if let Some(j) = row.iter().position(|v| !(v.is_finite() && *v >= 0.0)) {
                return Err(ObjectiveError::Number {
                    what: format!("value of element {e} for target {j}"),
                    expected: "a number of at least 0",
                    got: row[j],
                });
            }
        }
        let mut objective = Self::empty(ground.clone(), targets);
        objective.refill(|agent, block| {
            let kappa = ground.actions(agent);
            for (j, row) in block.chunks_exact_mut(kappa).enumerate() {
                for (value, e) in row.iter_mut().zip(ground.block(agent)) {
                    *value = values[e][j];
                }
            }
        });
        Ok(objective)
    }

    /// Number of targets, `J`.
    pub fn targets(&self) -> usize {
        self.targets
    }

    /// The value of an element for a target.
    pub fn value_of(&self, element: usize, target: usize) -> f64 {
        self.column(element)[target]
    }

    /// Writes all values anew, in place; `fill` is given each agent and its block.
    ///
    /// # Shapes
    /// The block: `[targets][actions(agent)]`; values must be finite and at least 0.
    pub fn refill(&mut self, mut fill: impl FnMut(usize, &mut [f64])) {
        self.tops.fill(Tops::NONE);
        for agent in 0..self.ground.agents() {
            let elements = self.ground.block(agent);
            let kappa = elements.len();
            let range = elements.start * self.targets..elements.end * self.targets;
            let block = &mut self.values[range.clone()];
            fill(agent, block);
            turn(block, kappa, self.targets, &mut self.columns[range]);
            for (row, tops) in block.chunks_exact(kappa).zip(&mut self.tops) {
                // A copy stays in registers.
                let mut top = *tops;
                let (chunks, rest) = row.as_chunks();
                for chunk in chunks {
                    top.add(*chunk);
                }
                let mut last = [0.0; LANES];
                last[..rest.len()].copy_from_slice(rest);
                top.add(last);
                *tops = top;
            }
        }
        for (second, tops) in self.second.iter_mut().zip(&self.tops) {
            *second = tops.second();
        }
    }

    fn column(&self, element: usize) -> &[f64] {
        &self.columns[element * self.targets..(element + 1) * self.targets]
    }

    fn block(&self, agent: usize) -> (&[f64], usize) {
        let elements = self.ground.block(agent);
        let range = elements.start * self.targets..elements.end * self.targets;
        (&self.values[range], elements.len())
    }

    /// What each action's values are above `floor`, summed over the targets.
    fn above(&self, agent: usize, floor: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        let (block, kappa) = self.block(agent);
        for (row, &floor) in block.chunks_exact(kappa).zip(floor) {
            for (sum, &value) in out.iter_mut().zip(row) {
                *sum += larger(value - floor, 0.0);
            }
        }
    }
}

/// Copies `[targets][kappa]` to `[kappa][targets]`.
fn turn(block: &[f64], kappa: usize, targets: usize, columns: &mut [f64]) {
    let tiles = block.chunks_exact(TILE * kappa);
    let (rest, whole) = (tiles.remainder(), targets - targets % TILE);
    for (tile, rows) in tiles.enumerate() {
        let rows: [&[f64]; TILE] = std::array::from_fn(|j| &rows[j * kappa..(j + 1) * kappa]);
        for (action, column) in columns.chunks_exact_mut(targets).enumerate() {
            column[tile * TILE..(tile + 1) * TILE].copy_from_slice(&rows.map(|row| row[action]));
        }
    }
    for (row, target) in rest.chunks_exact(kappa).zip(whole..) {
        for (value, column) in row.iter().zip(columns.chunks_exact_mut(targets)) {
            column[target] = *value;
        }
    }
}

impl Objective for FacilityLocation {
    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn class(&self) -> Class {
        Class::Submodular
    }

    fn summary_len(&self) -> usize {
        self.targets
    }

    fn clear(&self, summary: &mut [f64]) {
        summary.fill(0.0);
    }

    fn insert(&self, element: usize, summary: &mut [f64]) {
        for (cover, value) in summary.iter_mut().zip(self.column(element)) {
            *cover = larger(*cover, *value);
        }
    }

    fn value(&self, summary: &[f64]) -> f64 {
        summary.iter().sum()
    }

    fn marginals(&self, agent: usize, summary: &[f64], out: &mut [f64]) {
        self.above(agent, summary, out);
    }

    fn keep(&self, slot: &mut Option<Box<dyn Objective>>) {
        keep_clone(self, slot);
    }

    /// Only the one best element of a target is above the second best, so the sum over all targets
    /// is exact, and 0 where two share the first place.
    fn min_marginals(&self, agent: usize, _: &mut [f64], out: &mut [f64]) {
        self.above(agent, &self.second, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_orders_hold_the_same_values() {
        for targets in [1, 7, 8, 19] {
            let ground = Arc::new(Ground::new(&[3, 1, 6]).unwrap());
            let row = |e: usize| (0..targets).map(|j| (e * targets + j) as f64).collect();
            let values: Vec<Vec<f64>> = (0..10).map(row).collect();
            let objective = FacilityLocation::new(ground.clone(), &values).unwrap();
            let mut summary = vec![0.0; targets];
            for (e, row) in values.iter().enumerate() {
                objective.clear(&mut summary);
                objective.insert(e, &mut summary);
                assert_eq!(summary, *row, "element {e}");
                let agent = ground.agent_of(e);
                let mut gains = vec![0.0; ground.actions(agent)];
                objective.clear(&mut summary);
                objective.marginals(agent, &summary, &mut gains);
                let gain = gains[e - ground.block(agent).start];
                assert_eq!(gain, row.iter().sum::<f64>(), "element {e}");
            }
        }
    }
}
