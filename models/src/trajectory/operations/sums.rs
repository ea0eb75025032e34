//! Sums of values.

use super::Operation;
use crate::kernels::{Pass, pass, pass_row};
use crate::trajectory::program::{Tokens, Value};
use crate::trajectory::run::{Backward, Frame};

/// `x + y`, with dropout on `y`.
#[derive(Debug)]
pub(in crate::trajectory) struct Residual {
    pub(in crate::trajectory) x: Value,
    pub(in crate::trajectory) y: Value,
    pub(in crate::trajectory) rate: f32,
    pub(in crate::trajectory) place: u32,
    pub(in crate::trajectory) out: Value,
}

impl Residual {
    fn mask(&self, frame: &Frame<'_>, rows: &mut [f32]) {
        let context = frame.context;
        let grid = frame.grid(self.out);
        let Some(masks) = context.masks(self.place, self.rate) else {
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

impl Operation for Residual {
    fn reads(&self) -> Vec<Value> {
        vec![self.x, self.y]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        Vec::new()
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let mut out = frame.take(self.out);
        let grid = frame.grid(self.out);
        out.copy_from_slice(frame.value(self.y));
        self.mask(frame, &mut out);
        pass(
            frame.context.level,
            Pass::Add,
            grid,
            &mut out,
            frame.value(self.x),
        );
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let mut to_y = back.frame.spare(gradient.len());
        to_y.copy_from_slice(&gradient);
        self.mask(&back.frame, &mut to_y);
        back.add(self.y, to_y);
        back.add(self.x, gradient);
    }
}

/// Slots of a step, two by two: what comes into the even ones, or all slots so far, and what comes into the odd ones.
#[derive(Debug)]
pub(in crate::trajectory) struct Added {
    pub(in crate::trajectory) even: Value,
    pub(in crate::trajectory) odd: Value,
    pub(in crate::trajectory) out: Value,
}

impl Added {
    /// Whether `even` is all slots so far.
    fn goes_on(&self, frame: &Frame<'_>) -> bool {
        frame.context.shape(self.even).tokens == Tokens::Slots
    }
}

impl Operation for Added {
    fn reads(&self) -> Vec<Value> {
        vec![self.even, self.odd]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        Vec::new()
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let goes_on = self.goes_on(frame);
        let level = frame.context.level;
        let mut out = frame.take(self.out);
        let grid = frame.grid(self.odd);
        let (width, step) = (grid.width, grid.step);
        let (even, odd) = (frame.value(self.even), frame.value(self.odd));
        if goes_on {
            out.copy_from_slice(even);
        }
        for row in 0..grid.rows {
            let (first, second) = out[2 * row * step..].split_at_mut(step);
            let odd = &odd[row * step..][..width];
            if goes_on {
                pass_row(level, Pass::Add, &mut second[..width], odd);
            } else {
                first[..width].copy_from_slice(&even[row * step..][..width]);
                second[..width].copy_from_slice(odd);
            }
        }
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let goes_on = self.goes_on(&back.frame);
        let grid = back.frame.grid(self.odd);
        let (width, step) = (grid.width, grid.step);
        let mut part = |odd: usize| {
            let mut part = back.sum(if odd == 1 { self.odd } else { self.even });
            for row in 0..grid.rows {
                let from = &gradient[(2 * row + odd) * step..][..width];
                let to = &mut part[row * step..][..width];
                pass_row(back.frame.context.level, Pass::Add, to, from);
            }
            part
        };
        let odd = part(1);
        if goes_on {
            back.put(self.odd, odd);
            back.add(self.even, gradient);
        } else {
            let even = part(0);
            back.put(self.odd, odd);
            back.put(self.even, even);
            back.frame.release(gradient);
        }
    }
}

/// Rows of states, with a row of a table for their place in the history added.
#[derive(Debug)]
pub(in crate::trajectory) struct Temporal {
    pub(in crate::trajectory) x: Value,
    pub(in crate::trajectory) table: usize,
    pub(in crate::trajectory) out: Value,
}

impl Operation for Temporal {
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
        let context = frame.context;
        let mut out = frame.take(self.out);
        let grid = frame.grid(self.out);
        out.copy_from_slice(frame.value(self.x));
        let table = context.parameter(self.table);
        for span in frame.spans(Tokens::States) {
            for row in 0..span.count {
                let to = &mut out[(span.start + row) * grid.step..][..grid.width];
                let own = &table[row * grid.width..][..grid.width];
                pass_row(context.level, Pass::Add, to, own);
            }
        }
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let grid = back.frame.grid(self.out);
        let level = back.frame.context.level;
        let spans = back.frame.spans(Tokens::States);
        let table = &mut back.gradients[self.table];
        for span in spans {
            for row in 0..span.count {
                let own = &mut table[row * grid.width..][..grid.width];
                let from = &gradient[(span.start + row) * grid.step..][..grid.width];
                pass_row(level, Pass::Add, own, from);
            }
        }
        back.add(self.x, gradient);
    }
}
