//! A model as a list of operations on values.

use super::rows::{PerStep, Tokens};
use crate::trajectory::operations::Operation;

/// A value that operations make and read: a row for each of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) struct Value(pub(in crate::trajectory) usize);

/// What is known of a value.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) struct Shape {
    pub(in crate::trajectory) tokens: Tokens,
    pub(in crate::trajectory) width: usize,
    /// The value is made of inputs alone: its gradient is needed only where theirs is.
    pub(in crate::trajectory) given: bool,
}

/// Weights of a linear layer, or some outputs of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) struct Weights {
    /// Which parameter.
    pub(in crate::trajectory) parameter: usize,
    /// Whether it is stored (in, out).
    pub(in crate::trajectory) inward: bool,
    /// Inputs.
    pub(in crate::trajectory) inner: usize,
    /// All outputs of the parameter.
    pub(in crate::trajectory) outputs: usize,
    /// The first output that is used.
    pub(in crate::trajectory) first: usize,
    /// How many are.
    pub(in crate::trajectory) count: usize,
}

/// Filters of a convolution, `[channels, 1, taps]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) struct Filters {
    pub(in crate::trajectory) parameter: usize,
    pub(in crate::trajectory) channels: usize,
    pub(in crate::trajectory) taps: usize,
}

/// Relations of one layer of the graph model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) struct Relations {
    /// Table of edge kinds, `[2, H]`.
    pub(in crate::trajectory) edges: usize,
    /// Projection, `[H, 2H]`, and its bias.
    pub(in crate::trajectory) weight: usize,
    pub(in crate::trajectory) bias: usize,
    /// Bias of queries, keys and values, `[3H]`.
    pub(in crate::trajectory) packed_bias: usize,
    pub(in crate::trajectory) hidden: usize,
    pub(in crate::trajectory) heads: usize,
}

/// What is seen of a model's inside.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) struct Tap {
    /// What a block gives on.
    pub(in crate::trajectory) block: Value,
    /// Hidden units of its perceptron, after their activation.
    pub(in crate::trajectory) units: Value,
}

/// A model, or the part of it that one prediction needs, as operations in order.
#[derive(Debug)]
pub(in crate::trajectory) struct Program {
    pub(in crate::trajectory) per_step: PerStep,
    pub(in crate::trajectory) values: Vec<Shape>,
    pub(in crate::trajectory) operations: Vec<Box<dyn Operation>>,
    /// Numbers of buffers for what operations keep beside their values.
    pub(in crate::trajectory) kept: usize,
    /// Weights, filters and relations to prepare, in the order in which operations number them.
    pub(in crate::trajectory) weights: Vec<Weights>,
    pub(in crate::trajectory) filters: Vec<Filters>,
    pub(in crate::trajectory) relations: Vec<Relations>,
    /// The predicted actions.
    pub(in crate::trajectory) output: Value,
    pub(in crate::trajectory) taps: Vec<Tap>,
    /// Where each value lies; values share a place where none is needed once the other begins.
    pub(in crate::trajectory) places: Vec<usize>,
}

impl Program {
    /// Lets values share places, but those that a way `back` needs and those that are shown.
    pub(in crate::trajectory) fn share_places(&mut self, back: bool) {
        let mut last_use = vec![0; self.values.len()];
        for (step, operation) in self.operations.iter().enumerate() {
            for value in operation.reads() {
                last_use[value.0] = step;
            }
        }
        last_use[self.output.0] = self.operations.len();
        if back {
            let needed = self
                .operations
                .iter()
                .flat_map(|operation| operation.needs());
            let shown = self.taps.iter().flat_map(|tap| [tap.block, tap.units]);
            for value in needed.chain(shown) {
                last_use[value.0] = self.operations.len();
            }
        }
        let mut free = Vec::new();
        let mut count = 0;
        let mut here: Vec<Value> = Vec::new();
        for (step, operation) in self.operations.iter().enumerate() {
            let made = operation.makes();
            self.places[made.0] = free.pop().unwrap_or_else(|| {
                count += 1;
                count - 1
            });
            here.push(made);
            here.retain(|value| {
                let over = last_use[value.0] <= step;
                if over {
                    free.push(self.places[value.0]);
                }
                !over
            });
        }
    }

    /// How many places values lie in.
    pub(in crate::trajectory) fn place_count(&self) -> usize {
        self.places.iter().max().map_or(0, |most| most + 1)
    }
}
