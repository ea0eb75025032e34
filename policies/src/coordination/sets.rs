//! Sets of elements that an agent has drawn to learn from.

use rand::RngExt;
use rounds_environments::coordination::Ground;
use rounds_environments::streams::Stream;

use super::sampling::draw;

/// A few sets of elements, one after the other in one array.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SampledSets {
    elements: Vec<u32>,
    ends: Vec<usize>,
}

impl SampledSets {
    /// Room for `sets` sets of `elements` elements each.
    pub fn with_capacity(sets: usize, elements: usize) -> Self {
        Self {
            elements: Vec::with_capacity(sets * elements),
            ends: Vec::with_capacity(sets),
        }
    }

    /// Forgets all sets.
    pub fn clear(&mut self) {
        self.elements.clear();
        self.ends.clear();
    }

    /// Adds an element to the set that is open.
    pub fn push(&mut self, element: usize) {
        self.elements.push(element as u32);
    }

    /// Ends the set that is open.
    pub fn close(&mut self) {
        self.ends.push(self.elements.len());
    }

    /// Number of sets.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is no set.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The sets, each the list of its elements.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let ends = self.ends.iter().copied();
        starts
            .zip(ends)
            .map(|(start, end)| &self.elements[start..end])
    }

    /// Adds a draw of the others' actions: every agent but `agent` draws from its policy and its
    /// action is kept with probability `z`.
    ///
    /// # Shapes
    /// `policies`: `[K]`, a block an agent.
    ///
    /// # Source
    /// MA-OC card, section 4, estimator, step 2.
    pub fn draw_others(
        &mut self,
        ground: &Ground,
        agent: usize,
        policies: &[f64],
        z: f64,
        stream: &mut Stream,
    ) {
        for j in (0..ground.agents()).filter(|&j| j != agent) {
            // Given that it is below z, u / z is uniform again.
            let u: f64 = stream.random();
            if u < z {
                let block = ground.block(j);
                if let Some(action) = draw(&policies[block.clone()], u / z) {
                    self.push(block.start + action as usize);
                }
            }
        }
        self.close();
    }

    /// Adds a draw in which every element is for itself: `e` with probability `z * policies[e]`.
    ///
    /// # Shapes
    /// `policies`: `[K]`.
    ///
    /// # Source
    /// MA-OC card, section 7, MA-OSMA, step 2.
    pub fn draw_elements(&mut self, policies: &[f64], z: f64, stream: &mut Stream) {
        for (element, p) in policies.iter().enumerate() {
            if stream.random::<f64>() < z * p {
                self.push(element);
            }
        }
        self.close();
    }

    /// Adds the others' meta-actions below `level`: of every agent but `agent` the one at the level
    /// that `pick` gives, where that is below `level` and not "no action". Levels count from 0, so
    /// that level 0 sees the empty set.
    ///
    /// # Shapes
    /// `meta(j)`: elements that agent `j` drew, one a level, negative for "no action".
    ///
    /// # Source
    /// MA-OC card, section 6, step 3.
    pub fn choose_below<'a>(
        &mut self,
        agents: usize,
        agent: usize,
        level: usize,
        meta: impl Fn(usize) -> &'a [i32],
        mut pick: impl FnMut(usize) -> usize,
    ) {
        for j in (0..agents).filter(|&j| j != agent) {
            let picked = pick(j);
            if picked < level
                && let Ok(element) = usize::try_from(meta(j)[picked])
            {
                self.push(element);
            }
        }
        self.close();
    }
}
