//! What an operation sees while it runs.

use crate::kernels::{Buffer, Dropout, Grid, Level, stride};
use crate::trajectory::config::TrajectoryConfig;
use crate::trajectory::inputs::{Inputs, Sequence};
use crate::trajectory::parameters::Parameters;
use crate::trajectory::program::{Program, Shape, Tokens, Value};

use super::prepared::Prepared;
use super::tape::{Tape, room};

/// What all chunks of a pass share.
#[derive(Clone, Copy)]
pub(in crate::trajectory) struct Context<'a> {
    pub(in crate::trajectory) level: Level,
    pub(in crate::trajectory) config: &'a TrajectoryConfig,
    pub(in crate::trajectory) program: &'a Program,
    pub(in crate::trajectory) inputs: Inputs<'a>,
    pub(in crate::trajectory) parameters: &'a Parameters,
    pub(in crate::trajectory) prepared: &'a Prepared,
    /// Key of the masks of dropout, in training.
    pub(in crate::trajectory) dropout: Option<u64>,
    /// Factors of the hidden units of each block.
    pub(in crate::trajectory) unit_factors: Option<&'a [Vec<f32>]>,
    /// Whether operations keep what the way back needs.
    pub(in crate::trajectory) keep: bool,
}

impl<'a> Context<'a> {
    pub(in crate::trajectory) fn parameter(&self, at: usize) -> &'a [f32] {
        &self.parameters.values()[at]
    }

    pub(in crate::trajectory) fn shape(&self, value: Value) -> Shape {
        self.program.values[value.0]
    }

    /// The masks of dropout at a place, where there are any.
    pub(in crate::trajectory) fn masks(&self, place: u32, rate: f32) -> Option<Dropout> {
        let key = self.dropout.filter(|_| rate > 0.0)?;
        Some(Dropout::new(key, place, rate))
    }
}

/// A chunk on the way forward.
pub(in crate::trajectory) struct Frame<'a> {
    pub(in crate::trajectory) context: &'a Context<'a>,
    pub(in crate::trajectory) tape: &'a mut Tape,
}

/// A place of some rows of a sequence in a value.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) struct Span {
    pub(in crate::trajectory) sequence: Sequence,
    /// First row.
    pub(in crate::trajectory) start: usize,
    /// Number of rows.
    pub(in crate::trajectory) count: usize,
}

impl Frame<'_> {
    pub(in crate::trajectory) fn grid(&self, value: Value) -> Grid {
        let Shape { tokens, width, .. } = self.context.shape(value);
        Grid {
            rows: self.tape.rows(self.context.program.per_step, tokens),
            width,
            step: stride(width),
        }
    }

    /// Numbers from one row of a value to the next.
    pub(in crate::trajectory) fn step(&self, value: Value) -> usize {
        stride(self.context.shape(value).width)
    }

    fn place(&self, value: Value) -> usize {
        self.context.program.places[value.0]
    }

    pub(in crate::trajectory) fn value(&self, value: Value) -> &Buffer {
        self.tape.value(self.place(value))
    }

    /// The buffer of a value, taken out to be filled.
    pub(in crate::trajectory) fn take(&mut self, value: Value) -> Buffer {
        let grid = self.grid(value);
        let place = self.place(value);
        self.tape.take_value(place, grid.rows, grid.width)
    }

    pub(in crate::trajectory) fn put(&mut self, value: Value, buffer: Buffer) {
        let place = self.place(value);
        self.tape.put_value(place, buffer);
    }

    pub(in crate::trajectory) fn take_kept(&mut self, at: usize, length: usize) -> Buffer {
        let mut buffer = self.tape.take_kept(at);
        buffer.resize(length);
        buffer
    }

    pub(in crate::trajectory) fn put_kept(&mut self, at: usize, buffer: Buffer) {
        self.tape.put_kept(at, buffer);
    }

    pub(in crate::trajectory) fn kept(&self, at: usize) -> &Buffer {
        self.tape.kept(at)
    }

    pub(in crate::trajectory) fn spare(&mut self, length: usize) -> Buffer {
        self.tape.spare(length)
    }

    pub(in crate::trajectory) fn release(&mut self, buffer: Buffer) {
        self.tape.release(buffer);
    }

    pub(in crate::trajectory) fn count(&self) -> usize {
        self.tape.sequences.len()
    }

    /// The rows that sequence number `at` of the chunk has in a value with these tokens, `before` being those of the sequences
    /// before it.
    pub(in crate::trajectory) fn span(&self, at: usize, tokens: Tokens, before: usize) -> Span {
        let sequence = self.tape.sequences[at];
        Span {
            sequence,
            start: before,
            count: self.context.program.per_step.count(tokens, sequence.steps),
        }
    }

    /// The same for each sequence of the chunk.
    pub(in crate::trajectory) fn spans(&self, tokens: Tokens) -> Vec<Span> {
        let mut before = 0;
        let each = (0..self.count()).map(|at| {
            let span = self.span(at, tokens, before);
            before += span.count;
            span
        });
        each.collect()
    }
}

/// A chunk on the way back.
pub(in crate::trajectory) struct Backward<'a> {
    pub(in crate::trajectory) frame: Frame<'a>,
    /// Gradients of the parameters, added to.
    pub(in crate::trajectory) gradients: &'a mut [Vec<f32>],
    /// Whether those of matrices are wanted.
    pub(in crate::trajectory) matrices: bool,
    /// Gradients of the states of the rows from `first_row` on, added to, where they are wanted.
    pub(in crate::trajectory) states: Option<&'a mut [f32]>,
    pub(in crate::trajectory) first_row: usize,
}

impl Backward<'_> {
    /// Whether the gradient of a value leads anywhere.
    pub(in crate::trajectory) fn wants(&self, value: Value) -> bool {
        self.states.is_some() || !self.frame.context.shape(value).given
    }

    /// Takes the gradient of what an operation made.
    pub(in crate::trajectory) fn take(&mut self, value: Value) -> Option<Buffer> {
        self.frame.tape.take_gradient(value)
    }

    /// The gradient of a value so far, to be added to, and whether there is none yet.
    pub(in crate::trajectory) fn target(&mut self, value: Value) -> (Buffer, bool) {
        if let Some(buffer) = self.frame.tape.take_gradient(value) {
            return (buffer, false);
        }
        let grid = self.frame.grid(value);
        (self.frame.spare(room(grid.rows, grid.width)), true)
    }

    /// The same, with zeros where there is none yet.
    pub(in crate::trajectory) fn sum(&mut self, value: Value) -> Buffer {
        let (mut buffer, fresh) = self.target(value);
        if fresh {
            buffer.fill(0.0);
        }
        buffer
    }

    pub(in crate::trajectory) fn put(&mut self, value: Value, gradient: Buffer) {
        self.frame.tape.put_gradient(value, gradient);
    }

    /// Adds a gradient to that of a value.
    pub(in crate::trajectory) fn add(&mut self, value: Value, gradient: Buffer) {
        use crate::kernels::{Pass, pass};
        match self.frame.tape.take_gradient(value) {
            None => self.put(value, gradient),
            Some(mut sum) => {
                let grid = self.frame.grid(value);
                pass(
                    self.frame.context.level,
                    Pass::Add,
                    grid,
                    &mut sum,
                    &gradient,
                );
                self.put(value, sum);
                self.frame.release(gradient);
            }
        }
    }

    /// Where the gradient of the state at a step of a row goes.
    pub(in crate::trajectory) fn state(&mut self, row: usize, step: usize) -> Option<&mut [f32]> {
        let width = self.frame.context.config.observation;
        let at = (row - self.first_row) * self.frame.context.inputs.context + step;
        let states = self.states.as_deref_mut()?;
        Some(&mut states[at * width..][..width])
    }
}
