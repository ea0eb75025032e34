//! The buffers of one chunk.

use crate::kernels::{Buffer, LANES, stride};
use crate::trajectory::inputs::Sequence;
use crate::trajectory::program::{PerStep, Program, Tokens, Value};

/// Values, what operations keep, and gradients of some sequences.
#[derive(Debug, Default)]
pub(in crate::trajectory) struct Tape {
    pub(in crate::trajectory) sequences: Vec<Sequence>,
    values: Vec<Buffer>,
    kept: Vec<Buffer>,
    gradients: Vec<Option<Buffer>>,
    free: Vec<Buffer>,
}

impl Tape {
    /// Room for the values of a program, and its sequences.
    pub(in crate::trajectory) fn begin(&mut self, program: &Program, sequences: &[Sequence]) {
        self.sequences.clear();
        self.sequences.extend_from_slice(sequences);
        self.values
            .resize_with(program.place_count(), Buffer::default);
        self.kept.resize_with(program.kept, Buffer::default);
        self.gradients.resize_with(program.values.len(), || None);
    }

    /// Rows of a value with these tokens.
    pub(in crate::trajectory) fn rows(&self, per_step: PerStep, tokens: Tokens) -> usize {
        let each = self.sequences.iter();
        each.map(|sequence| per_step.count(tokens, sequence.steps))
            .sum()
    }

    pub(in crate::trajectory) fn value(&self, place: usize) -> &Buffer {
        &self.values[place]
    }

    /// Takes the buffer of a value out, to be filled, with room for rows of a width.
    pub(super) fn take_value(&mut self, place: usize, rows: usize, width: usize) -> Buffer {
        let mut buffer = std::mem::take(&mut self.values[place]);
        buffer.resize(room(rows, width));
        buffer
    }

    pub(super) fn put_value(&mut self, place: usize, buffer: Buffer) {
        self.values[place] = buffer;
    }

    pub(super) fn kept(&self, at: usize) -> &Buffer {
        &self.kept[at]
    }

    pub(super) fn take_kept(&mut self, at: usize) -> Buffer {
        std::mem::take(&mut self.kept[at])
    }

    pub(super) fn put_kept(&mut self, at: usize, buffer: Buffer) {
        self.kept[at] = buffer;
    }

    /// A buffer that is not in use, of unspecified numbers.
    pub(super) fn spare(&mut self, length: usize) -> Buffer {
        let mut buffer = self.free.pop().unwrap_or_default();
        buffer.resize(length);
        buffer
    }

    /// Gives a buffer back.
    pub(super) fn release(&mut self, buffer: Buffer) {
        self.free.push(buffer);
    }

    pub(super) fn take_gradient(&mut self, value: Value) -> Option<Buffer> {
        self.gradients[value.0].take()
    }

    pub(super) fn put_gradient(&mut self, value: Value, buffer: Buffer) {
        self.gradients[value.0] = Some(buffer);
    }

    /// Gives back the gradients that nobody took.
    pub(in crate::trajectory) fn clear_gradients(&mut self) {
        let left = self.gradients.iter_mut().filter_map(Option::take);
        self.free.extend(left);
    }
}

/// Numbers that hold rows of a width; sixteen more, so that the last row can be read in whole groups from any column.
pub(in crate::trajectory) fn room(rows: usize, width: usize) -> usize {
    rows * stride(width) + LANES
}

/// Cuts sequences into runs of at most `most` tokens, or one sequence.
pub(in crate::trajectory) fn cut(
    sequences: &[Sequence],
    per_step: PerStep,
    most: usize,
) -> Vec<std::ops::Range<usize>> {
    let mut runs = Vec::new();
    let (mut start, mut tokens) = (0, 0);
    for (at, sequence) in sequences.iter().enumerate() {
        let own = per_step.count(Tokens::All, sequence.steps);
        if at > start && tokens + own > most {
            runs.push(start..at);
            (start, tokens) = (at, 0);
        }
        tokens += own;
    }
    if start < sequences.len() {
        runs.push(start..sequences.len());
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_hold_all_sequences_in_order_and_are_short() {
        let sequence = |row, steps| Sequence {
            row,
            skip: 0,
            steps,
            padding: 0,
        };
        let steps = [20, 20, 1, 5, 50, 2];
        let sequences: Vec<Sequence> = (0..6).map(|row| sequence(row, steps[row])).collect();
        let runs = cut(&sequences, PerStep(3), 120);
        assert_eq!(runs, [0..3, 3..4, 4..5, 5..6]);
        assert!(cut(&[], PerStep(3), 120).is_empty());
    }
}
