//! Writes a program operation by operation.

use super::definition::{Filters, Program, Relations, Shape, Tap, Value, Weights};
use super::rows::{PerStep, Tokens};
use crate::trajectory::config::TrajectoryConfig;
use crate::trajectory::layout::Named;
use crate::trajectory::operations::{
    Added, Arranged, Arrangement, Attention, Bias, Convolution, Embedding, Linear, Norm, Operation,
    Residual, States, Temporal, Unit,
};

/// How much of a model a program computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) enum Reach {
    /// The predictions of all steps.
    All,
    /// The prediction of the last step.
    Last,
}

/// A program on its way.
pub(super) struct Builder<'a> {
    pub(super) config: &'a TrajectoryConfig,
    pub(super) reach: Reach,
    named: &'a [Named],
    values: Vec<Shape>,
    operations: Vec<Box<dyn Operation>>,
    kept: usize,
    weights: Vec<Weights>,
    filters: Vec<Filters>,
    relations: Vec<Relations>,
    taps: Vec<Tap>,
}

impl<'a> Builder<'a> {
    pub(super) fn new(config: &'a TrajectoryConfig, named: &'a [Named], reach: Reach) -> Self {
        Self {
            config,
            reach,
            named,
            values: Vec::new(),
            operations: Vec::new(),
            kept: 0,
            weights: Vec::new(),
            filters: Vec::new(),
            relations: Vec::new(),
            taps: Vec::new(),
        }
    }

    pub(super) fn finish(self, output: Value) -> Program {
        Program {
            per_step: PerStep(self.config.tokens()),
            places: (0..self.values.len()).collect(),
            values: self.values,
            operations: self.operations,
            kept: self.kept,
            weights: self.weights,
            filters: self.filters,
            relations: self.relations,
            output,
            taps: self.taps,
        }
    }

    /// Number of a parameter.
    pub(super) fn parameter(&self, name: &str) -> usize {
        let found = self.named.iter().position(|named| named.name == name);
        found.unwrap_or_else(|| unreachable!("the layout has {name}"))
    }

    fn value(&mut self, tokens: Tokens, width: usize, given: bool) -> Value {
        self.values.push(Shape {
            tokens,
            width,
            given,
        });
        Value(self.values.len() - 1)
    }

    fn keep(&mut self) -> usize {
        self.kept += 1;
        self.kept - 1
    }

    fn place(&self) -> u32 {
        self.operations.len() as u32
    }

    pub(super) fn tokens(&self, value: Value) -> Tokens {
        self.values[value.0].tokens
    }

    pub(super) fn width(&self, value: Value) -> usize {
        self.values[value.0].width
    }

    /// Tokens of all modalities, with their times.
    pub(super) fn embedding(&mut self) -> Value {
        let mut pairs = Vec::new();
        for modality in ["return", "state", "action"] {
            let weight = self.parameter(&format!("embed_{modality}.weight"));
            let bias = self.parameter(&format!("embed_{modality}.bias"));
            let [outputs, inner] = self.named[weight].shape[..] else {
                unreachable!("an embedding is a matrix");
            };
            self.weights.push(Weights {
                parameter: weight,
                inward: false,
                inner,
                outputs,
                first: 0,
                count: outputs,
            });
            pairs.push((self.weights.len() - 1, bias));
        }
        pairs.truncate(self.config.tokens());
        let table = self.parameter("embed_timestep.weight");
        let out = self.value(Tokens::All, self.config.hidden, false);
        let operation = Embedding {
            table,
            modalities: pairs,
            out,
        };
        self.operations.push(Box::new(operation));
        out
    }

    /// The latest states as they are given.
    pub(super) fn given(&mut self, tokens: Tokens, latest: usize) -> Value {
        let out = self.value(tokens, latest * self.config.observation, true);
        self.operations.push(Box::new(States { latest, out }));
        out
    }

    pub(super) fn norm(&mut self, x: Value, name: &str) -> Value {
        let out = self.value(self.tokens(x), self.width(x), false);
        let operation = Norm {
            x,
            weight: self.parameter(&format!("{name}.weight")),
            bias: self.parameter(&format!("{name}.bias")),
            kept: self.keep(),
            out,
        };
        self.operations.push(Box::new(operation));
        out
    }

    pub(super) fn linear(&mut self, x: Value, name: &str, inward: bool, unit: Unit) -> Value {
        let weight = self.parameter(&format!("{name}.weight"));
        let bias = Bias::Parameter(self.parameter(&format!("{name}.bias")));
        let shape = &self.named[weight].shape;
        let outputs = if inward { shape[1] } else { shape[0] };
        self.linear_part(x, weight, bias, inward, 0..outputs, unit)
    }

    /// Some outputs of a linear layer.
    pub(super) fn linear_part(
        &mut self,
        x: Value,
        weight: usize,
        bias: Bias,
        inward: bool,
        outputs: std::ops::Range<usize>,
        unit: Unit,
    ) -> Value {
        let shape = &self.named[weight].shape;
        let all = if inward { shape[1] } else { shape[0] };
        self.weights.push(Weights {
            parameter: weight,
            inward,
            inner: self.width(x),
            outputs: all,
            first: outputs.start,
            count: outputs.len(),
        });
        let out = self.value(self.tokens(x), outputs.len(), false);
        let operation = Linear {
            x,
            weights: self.weights.len() - 1,
            bias,
            unit,
            kept: self.keep(),
            place: self.place(),
            out,
        };
        self.operations.push(Box::new(operation));
        out
    }

    /// `x + y`, with dropout on `y`.
    pub(super) fn residual(&mut self, x: Value, y: Value, rate: f32) -> Value {
        let out = self.value(self.tokens(x), self.width(x), false);
        let operation = Residual {
            x,
            y,
            rate,
            place: self.place(),
            out,
        };
        self.operations.push(Box::new(operation));
        out
    }

    /// A copy of `x` with dropout.
    pub(super) fn dropped(&mut self, x: Value, rate: f32) -> Value {
        self.arranged(x, Arrangement::Gather { rate }, self.tokens(x))
    }

    /// The rows of `x` for other tokens.
    pub(super) fn gather(&mut self, x: Value, tokens: Tokens) -> Value {
        if self.tokens(x) == tokens {
            return x;
        }
        self.arranged(x, Arrangement::Gather { rate: 0.0 }, tokens)
    }

    /// State and return of each step side by side.
    pub(super) fn pairs(&mut self, x: Value, tokens: Tokens) -> Value {
        self.arranged(x, Arrangement::Pair, tokens)
    }

    fn arranged(&mut self, x: Value, how: Arrangement, tokens: Tokens) -> Value {
        let width = match how {
            Arrangement::Pair => 2 * self.width(x),
            _ => self.width(x),
        };
        let out = self.value(tokens, width, false);
        let operation = Arranged {
            x,
            how,
            place: self.place(),
            out,
        };
        self.operations.push(Box::new(operation));
        out
    }

    /// The odd slots.
    pub(super) fn odd(&mut self, slots: Value, tokens: Tokens) -> Value {
        self.arranged(slots, Arrangement::Odd, tokens)
    }

    /// Rows of states, with what belongs to their place in the history.
    pub(super) fn temporal(&mut self, x: Value, name: &str) -> Value {
        let out = self.value(self.tokens(x), self.width(x), false);
        let table = self.parameter(name);
        self.operations.push(Box::new(Temporal { x, table, out }));
        out
    }

    /// Slots: those of `even` and, added to what is in the odd ones, those of `odd`.
    pub(super) fn slots(&mut self, even: Value, odd: Value) -> Value {
        let out = self.value(Tokens::Slots, self.width(odd), false);
        self.operations.push(Box::new(Added { even, odd, out }));
        out
    }

    pub(super) fn attention(&mut self, attention: Attention) -> Value {
        let out = self.value(self.tokens(attention.query.value), attention.width, false);
        let kept = self.keep();
        let place = self.place();
        let operation = Attention {
            out,
            kept,
            place,
            ..attention
        };
        self.operations.push(Box::new(operation));
        out
    }

    pub(super) fn relations(&mut self, relations: Relations) -> usize {
        self.relations.push(relations);
        self.relations.len() - 1
    }

    /// What filters make of `u`, for some tokens.
    pub(super) fn convolution(&mut self, u: Value, block: usize, tokens: Tokens) -> Value {
        let mut modalities = Vec::new();
        for modality in &["rtg", "obs", "act"][..self.config.tokens()] {
            let name = format!("transformer.h.{block}.conv.{modality}_conv1d");
            self.filters.push(Filters {
                parameter: self.parameter(&format!("{name}.weight")),
                channels: self.width(u),
                taps: self.config.window,
            });
            let bias = self.parameter(&format!("{name}.bias"));
            modalities.push((self.filters.len() - 1, bias));
        }
        let out = self.value(tokens, self.width(u), false);
        self.operations
            .push(Box::new(Convolution { u, modalities, out }));
        out
    }

    pub(super) fn tap(&mut self, block: Value, units: Value) {
        self.taps.push(Tap { block, units });
    }
}
