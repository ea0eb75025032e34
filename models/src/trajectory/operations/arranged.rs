//! Rows of a value for other tokens.

use super::Operation;
use crate::kernels::{Pass, pass_row};
use crate::trajectory::program::Value;
use crate::trajectory::run::{Backward, Frame};

/// How rows are chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::trajectory) enum Arrangement {
    /// The rows of the tokens, with dropout.
    Gather {
        /// Share that is dropped.
        rate: f32,
    },
    /// State and return of each step side by side.
    Pair,
    /// The odd one of two slots.
    Odd,
}

/// Rows of `x` for the tokens of `out`.
#[derive(Debug)]
pub(in crate::trajectory) struct Arranged {
    pub(in crate::trajectory) x: Value,
    pub(in crate::trajectory) how: Arrangement,
    pub(in crate::trajectory) place: u32,
    pub(in crate::trajectory) out: Value,
}

impl Arranged {
    /// Calls `each` with a row of `out`, the part of it and the row of `x` that belongs there.
    fn each(&self, frame: &Frame<'_>, mut each: impl FnMut(usize, usize, usize)) {
        let context = frame.context;
        let per_step = context.program.per_step;
        let (from, to) = (context.shape(self.x).tokens, context.shape(self.out).tokens);
        let spans = frame.spans(from).into_iter().zip(frame.spans(to));
        for (source, target) in spans {
            let steps = target.sequence.steps;
            for row in 0..target.count {
                let here = target.start + row;
                match self.how {
                    Arrangement::Gather { .. } => {
                        let place = per_step.place(to, steps, row);
                        each(here, 0, source.start + per_step.row(from, steps, place));
                    }
                    Arrangement::Pair => {
                        let state = per_step.place(to, steps, row);
                        for (part, place) in [state, state - 1].into_iter().enumerate() {
                            each(here, part, source.start + per_step.row(from, steps, place));
                        }
                    }
                    Arrangement::Odd => each(here, 0, source.start + 2 * row + 1),
                }
            }
        }
    }

    fn mask(&self, frame: &Frame<'_>, rows: &mut [f32]) {
        let Arrangement::Gather { rate } = self.how else {
            return;
        };
        let context = frame.context;
        let grid = frame.grid(self.out);
        let Some(masks) = context.masks(self.place, rate) else {
            return;
        };
        for span in frame.spans(context.shape(self.out).tokens) {
            for row in 0..span.count {
                let row_of = &mut rows[(span.start + row) * grid.step..][..grid.width];
                masks.apply(context.level, span.sequence.row, row, row_of);
            }
        }
    }
}

impl Operation for Arranged {
    fn reads(&self) -> Vec<Value> {
        vec![self.x]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        Vec::new()
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let mut out = frame.take(self.out);
        let (from, to) = (frame.grid(self.x), frame.grid(self.out));
        let x = frame.value(self.x);
        self.each(frame, |here, part, there| {
            let target = &mut out[here * to.step + part * from.width..][..from.width];
            target.copy_from_slice(&x[there * from.step..][..from.width]);
        });
        self.mask(frame, &mut out);
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(mut gradient) = back.take(self.out) else {
            return;
        };
        let level = back.frame.context.level;
        let (from, to) = (back.frame.grid(self.x), back.frame.grid(self.out));
        self.mask(&back.frame, &mut gradient);
        let mut target = back.sum(self.x);
        self.each(&back.frame, |here, part, there| {
            let source = &gradient[here * to.step + part * from.width..][..from.width];
            let target = &mut target[there * from.step..][..from.width];
            pass_row(level, Pass::Add, target, source);
        });
        back.put(self.x, target);
        back.frame.release(gradient);
    }
}
