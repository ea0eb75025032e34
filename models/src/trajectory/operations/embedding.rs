//! From inputs to tokens.

use super::Operation;
use crate::kernels::{Columns, Pass, Rows, Sizes, Start, multiply, pass_row, stride};
use crate::trajectory::program::{Tokens, Value};
use crate::trajectory::run::{Backward, Context, Frame, Span};

/// Tokens R, s and a of each step: a linear layer of each, plus the row of the step in a table of times.
#[derive(Debug)]
pub(in crate::trajectory) struct Embedding {
    pub(in crate::trajectory) table: usize,
    /// Weights and bias of each modality, in the order of the tokens.
    pub(in crate::trajectory) modalities: Vec<(usize, usize)>,
    pub(in crate::trajectory) out: Value,
}

/// The inputs of one modality of a sequence.
struct Given<'a> {
    values: &'a [f32],
    width: usize,
    /// How many of its tokens there are: the last action is none.
    count: usize,
}

/// Steps of a row from the first that the model sees.
fn step(context: &Context<'_>, span: &Span) -> usize {
    span.sequence.row * context.inputs.context + span.sequence.skip
}

impl Embedding {
    fn given<'a>(&self, context: &Context<'a>, span: &Span, modality: usize) -> Given<'a> {
        let inputs = context.inputs;
        let steps = span.sequence.steps;
        let from = step(context, span);
        match modality {
            0 => Given {
                values: &inputs.returns_to_go
                    [span.sequence.row * inputs.returns_step() + span.sequence.skip..],
                width: 1,
                count: steps,
            },
            1 => Given {
                values: &inputs.states[from * context.config.observation..],
                width: context.config.observation,
                count: steps,
            },
            _ => Given {
                values: &inputs.actions[from * context.config.action..],
                width: context.config.action,
                count: steps - 1,
            },
        }
    }

    fn time(&self, context: &Context<'_>, span: &Span, at: usize) -> usize {
        let time = context.inputs.timesteps[step(context, span) + at] as usize;
        time.min(context.config.max_ep_len - 1)
    }
}

impl Operation for Embedding {
    fn reads(&self) -> Vec<Value> {
        Vec::new()
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        Vec::new()
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let context = frame.context;
        let mut out = frame.take(self.out);
        let grid = frame.grid(self.out);
        let table = context.parameter(self.table);
        for span in frame.spans(Tokens::All) {
            for (modality, &(weights, bias)) in self.modalities.iter().enumerate() {
                let given = self.given(context, &span, modality);
                let first = (span.start + modality) * grid.step;
                let out_row = self.modalities.len() * grid.step;
                let bias = context.parameter(bias);
                for at in 0..given.count {
                    let row = &mut out[first + at * out_row..][..grid.width];
                    row.copy_from_slice(bias);
                    let time = self.time(context, &span, at);
                    let time = &table[time * grid.width..][..grid.width];
                    pass_row(context.level, Pass::Add, row, time);
                }
                let sizes = Sizes {
                    rows: given.count,
                    inner: given.width,
                    columns: grid.width,
                };
                let rows = Rows {
                    values: given.values,
                    row: given.width,
                    step: 1,
                };
                let panels = context.prepared.forward(weights).columns();
                let out = &mut out[first..];
                let start = Start::Before;
                multiply(
                    context.level,
                    sizes,
                    rows,
                    panels,
                    start,
                    false,
                    out,
                    out_row,
                );
            }
        }
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let context = back.frame.context;
        let level = context.level;
        let grid = back.frame.grid(self.out);
        let tokens = self.modalities.len();
        for span in back.frame.spans(Tokens::All) {
            for (modality, &(weights, bias)) in self.modalities.iter().enumerate() {
                let given = self.given(context, &span, modality);
                let first = (span.start + modality) * grid.step;
                let row_step = tokens * grid.step;
                for at in 0..given.count {
                    let row = &gradient[first + at * row_step..][..grid.width];
                    pass_row(level, Pass::Add, &mut back.gradients[bias], row);
                    let time = self.time(context, &span, at) * grid.width;
                    let time = &mut back.gradients[self.table][time..][..grid.width];
                    pass_row(level, Pass::Add, time, row);
                }
                if given.count == 0 {
                    continue;
                }
                let parameter = context.program.weights[weights].parameter;
                // Turned, for then the numbers of a token are beside each other.
                let step = stride(grid.width);
                let mut turned = back.frame.spare(given.width * step);
                let sizes = Sizes {
                    rows: given.width,
                    inner: given.count,
                    columns: grid.width,
                };
                let rows = Rows {
                    values: given.values,
                    row: 1,
                    step: given.width,
                };
                let columns = Columns::of_rows(&gradient[first..], row_step);
                multiply(
                    level,
                    sizes,
                    rows,
                    columns,
                    Start::Zero,
                    false,
                    &mut turned,
                    step,
                );
                let to = back.gradients[parameter].chunks_exact_mut(given.width);
                for (output, to) in to.enumerate() {
                    for (input, to) in to.iter_mut().enumerate() {
                        *to += turned[input * step + output];
                    }
                }
                back.frame.release(turned);
                if modality == 1 && back.states.is_some() {
                    let sequence = span.sequence;
                    let at =
                        (sequence.row - back.first_row) * context.inputs.context + sequence.skip;
                    let sizes = Sizes {
                        rows: given.count,
                        inner: grid.width,
                        columns: given.width,
                    };
                    let rows = Rows {
                        values: &gradient[first..],
                        row: row_step,
                        step: 1,
                    };
                    let panels = context.prepared.backward(weights).columns();
                    if let Some(states) = back.states.as_deref_mut() {
                        let to = &mut states[at * given.width..];
                        multiply(
                            level,
                            sizes,
                            rows,
                            panels,
                            Start::Before,
                            false,
                            to,
                            given.width,
                        );
                    }
                }
            }
        }
        back.frame.release(gradient);
    }
}

/// The latest states as they are given; zeros stand for those before the first.
#[derive(Debug)]
pub(in crate::trajectory) struct States {
    /// How many, the latest last.
    pub(in crate::trajectory) latest: usize,
    pub(in crate::trajectory) out: Value,
}

impl States {
    /// Calls `each` with a row, its part and the step of the sequence that belongs there.
    fn each(&self, frame: &Frame<'_>, mut each: impl FnMut(&Span, usize, usize, usize)) {
        let tokens = frame.context.shape(self.out).tokens;
        for span in frame.spans(tokens) {
            for row in 0..span.count {
                let step = span.sequence.steps - span.count + row;
                for part in 0..self.latest {
                    if let Some(step) = (step + part + 1).checked_sub(self.latest) {
                        each(&span, span.start + row, part, step);
                    }
                }
            }
        }
    }
}

impl Operation for States {
    fn reads(&self) -> Vec<Value> {
        Vec::new()
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        Vec::new()
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let context = frame.context;
        let mut out = frame.take(self.out);
        out.fill(0.0);
        let grid = frame.grid(self.out);
        let width = context.config.observation;
        self.each(frame, |span, row, part, at| {
            let from = &context.inputs.states[(step(context, span) + at) * width..][..width];
            out[row * grid.step + part * width..][..width].copy_from_slice(from);
        });
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let context = back.frame.context;
        let grid = back.frame.grid(self.out);
        let width = context.config.observation;
        let mut places = Vec::new();
        self.each(&back.frame, |span, row, part, at| {
            let from = row * grid.step + part * width;
            places.push((span.sequence.row, span.sequence.skip + at, from));
        });
        for (row, at, from) in places {
            if let Some(state) = back.state(row, at) {
                pass_row(context.level, Pass::Add, state, &gradient[from..][..width]);
            }
        }
        back.frame.release(gradient);
    }
}
