//! Linear layers with their activation.

use super::Operation;
use crate::kernels::{Columns, Pass, Rows, Sizes, Start, add_rows, multiply, pass, scale_columns};
use crate::trajectory::program::{Value, Weights};
use crate::trajectory::run::{Backward, Context, Frame};

/// Bias of a linear layer.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) enum Bias {
    /// A parameter.
    Parameter(usize),
    /// A parameter and what relations add to it.
    Related(usize),
}

/// What follows a linear layer.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) enum Unit {
    /// Nothing.
    Plain,
    /// Rectified hidden units of a block, then dropout.
    Relu { block: usize, rate: f32 },
    /// Hidden units of a block by GELU, then dropout.
    Gelu { block: usize, rate: f32 },
    /// GELU, of no block.
    PlainGelu,
    /// The hyperbolic tangent.
    Tanh,
}

impl Unit {
    fn block(self) -> Option<(usize, f32)> {
        match self {
            Self::Relu { block, rate } | Self::Gelu { block, rate } => Some((block, rate)),
            _ => None,
        }
    }

    fn is_gelu(self) -> bool {
        matches!(self, Self::Gelu { .. } | Self::PlainGelu)
    }
}

/// `unit(x W + b)`.
#[derive(Debug)]
pub(in crate::trajectory) struct Linear {
    pub(in crate::trajectory) x: Value,
    pub(in crate::trajectory) weights: usize,
    pub(in crate::trajectory) bias: Bias,
    pub(in crate::trajectory) unit: Unit,
    pub(in crate::trajectory) kept: usize,
    pub(in crate::trajectory) place: u32,
    pub(in crate::trajectory) out: Value,
}

impl Linear {
    fn weights(&self, context: &Context<'_>) -> Weights {
        context.program.weights[self.weights]
    }

    /// The parameter of the bias.
    fn bias_parameter(&self, context: &Context<'_>) -> usize {
        match self.bias {
            Bias::Parameter(at) => at,
            Bias::Related(at) => context.program.relations[at].packed_bias,
        }
    }
}

impl Operation for Linear {
    fn reads(&self) -> Vec<Value> {
        vec![self.x]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        match self.unit {
            Unit::Relu { .. } | Unit::Tanh => vec![self.x, self.out],
            Unit::Plain | Unit::Gelu { .. } | Unit::PlainGelu => vec![self.x],
        }
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let context = frame.context;
        let Weights { first, count, .. } = self.weights(context);
        let mut out = frame.take(self.out);
        let (from, to) = (frame.grid(self.x), frame.grid(self.out));
        let bias = match self.bias {
            Bias::Parameter(at) => context.parameter(at),
            Bias::Related(at) => &context.prepared.related(at).bias,
        };
        let sizes = Sizes {
            rows: from.rows,
            inner: from.width,
            columns: count,
        };
        let rows = Rows {
            values: frame.value(self.x),
            row: from.step,
            step: 1,
        };
        let panels = context.prepared.forward(self.weights).columns();
        let start = Start::Bias(&bias[first..first + count]);
        let cut = matches!(self.unit, Unit::Relu { .. });
        multiply(
            context.level,
            sizes,
            rows,
            panels,
            start,
            cut,
            &mut out,
            to.step,
        );
        if self.unit.is_gelu() {
            let mut before = frame.take_kept(self.kept, out.len());
            before.copy_from_slice(&out);
            pass(context.level, Pass::Gelu, to, &mut out, &before);
            frame.put_kept(self.kept, before);
        }
        if matches!(self.unit, Unit::Tanh) {
            let mut before = frame.spare(out.len());
            before.copy_from_slice(&out);
            pass(context.level, Pass::Tanh, to, &mut out, &before);
            frame.release(before);
        }
        frame.put(self.out, out);
        self.mask_units(frame);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(mut gradient) = back.take(self.out) else {
            return;
        };
        let context = back.frame.context;
        let level = context.level;
        let weights = self.weights(context);
        let (from, to) = (back.frame.grid(self.x), back.frame.grid(self.out));
        self.mask(&back.frame, &mut gradient);
        let after = back.frame.value(self.out);
        match self.unit {
            Unit::Plain => {}
            Unit::Relu { .. } => pass(level, Pass::ReluSlope, to, &mut gradient, after),
            Unit::Tanh => pass(level, Pass::TanhSlope, to, &mut gradient, after),
            Unit::Gelu { .. } | Unit::PlainGelu => {
                let before = back.frame.kept(self.kept);
                pass(level, Pass::GeluSlope, to, &mut gradient, before);
            }
        }
        let Weights {
            parameter,
            inward,
            inner,
            outputs,
            first,
            count,
        } = weights;
        let bias = self.bias_parameter(context);
        let bias = &mut back.gradients[bias][first..first + count];
        add_rows(level, to, &gradient, bias);
        let beside = |values, step| Rows {
            values,
            row: 1,
            step,
        };
        if back.matrices {
            let x = back.frame.value(self.x);
            let values = &mut back.gradients[parameter];
            // Rows of a stored matrix are those of its inputs or of its outputs.
            let (rows, columns, a, b, first, step) = if inward {
                let (a, b) = (beside(x, from.step), Columns::of_rows(&gradient, to.step));
                (inner, count, a, b, first, outputs)
            } else {
                let (a, b) = (beside(&gradient, to.step), Columns::of_rows(x, from.step));
                (count, inner, a, b, first * inner, inner)
            };
            let sizes = Sizes {
                rows,
                inner: from.rows,
                columns,
            };
            let values = &mut values[first..];
            multiply(level, sizes, a, b, Start::Before, false, values, step);
        }
        if back.wants(self.x) {
            let (mut target, fresh) = back.target(self.x);
            let sizes = Sizes {
                rows: from.rows,
                inner: count,
                columns: inner,
            };
            let rows = Rows {
                values: &gradient,
                row: to.step,
                step: 1,
            };
            let start = if fresh { Start::Zero } else { Start::Before };
            let panels = context.prepared.backward(self.weights).columns();
            multiply(
                level,
                sizes,
                rows,
                panels,
                start,
                false,
                &mut target,
                from.step,
            );
            back.put(self.x, target);
        }
        back.frame.release(gradient);
    }
}

impl Linear {
    /// Applies factors of hidden units and dropout to what the layer made.
    fn mask_units(&self, frame: &mut Frame<'_>) {
        let Some((_, rate)) = self.unit.block() else {
            return;
        };
        let masked = frame.context.unit_factors.is_some();
        if masked || frame.context.masks(self.place, rate).is_some() {
            let mut out = frame.take(self.out);
            self.mask(frame, &mut out);
            frame.put(self.out, out);
        }
    }

    /// Multiplies rows by the factors of hidden units and the masks of dropout.
    fn mask(&self, frame: &Frame<'_>, rows: &mut [f32]) {
        let Some((block, rate)) = self.unit.block() else {
            return;
        };
        let context = frame.context;
        let grid = frame.grid(self.out);
        if let Some(factors) = context.unit_factors {
            scale_columns(context.level, grid, rows, &factors[block]);
        }
        if let Some(masks) = context.masks(self.place, rate) {
            for span in frame.spans(context.shape(self.out).tokens) {
                for row in 0..span.count {
                    let row_of = &mut rows[(span.start + row) * grid.step..][..grid.width];
                    masks.apply(context.level, span.sequence.row, row, row_of);
                }
            }
        }
    }
}
