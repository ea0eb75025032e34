//! The filters of the Decision ConvFormer.

use super::Operation;
use crate::kernels::{Pass, filter, filter_backward, pass_row};
use crate::trajectory::program::{Tokens, Value};
use crate::trajectory::run::{Backward, Context, Frame, Span};

/// A causal filter for each channel; a token uses the filters of its own modality, whatever stands in its window.
#[derive(Debug)]
pub(in crate::trajectory) struct Convolution {
    pub(in crate::trajectory) u: Value,
    /// Filters and bias of each modality, in the order of the tokens.
    pub(in crate::trajectory) modalities: Vec<(usize, usize)>,
    pub(in crate::trajectory) out: Value,
}

/// One output of a convolution.
struct Place {
    /// Row of the result.
    row: usize,
    modality: usize,
    /// Rows of `u` in the window that exist.
    window: std::ops::Range<usize>,
}

impl Convolution {
    fn places(&self, context: &Context<'_>, source: &Span, target: &Span) -> Vec<Place> {
        let per_step = context.program.per_step;
        let steps = target.sequence.steps;
        let (from, to) = (context.shape(self.u).tokens, context.shape(self.out).tokens);
        let first = per_step.place(from, steps, 0);
        let each = (0..target.count).map(|row| {
            let place = per_step.place(to, steps, row);
            let start = (place + 1).saturating_sub(context.config.window).max(first);
            let window = source.start + start - first..source.start + place + 1 - first;
            Place {
                row: target.start + row,
                modality: place % self.modalities.len(),
                window,
            }
        });
        each.collect()
    }

    fn all_places(&self, frame: &Frame<'_>) -> Vec<Place> {
        let context = frame.context;
        let tokens = |value| context.shape(value).tokens;
        debug_assert!(matches!(tokens(self.u), Tokens::All | Tokens::Tail(_)));
        let spans = frame.spans(tokens(self.u)).into_iter();
        let spans = spans.zip(frame.spans(tokens(self.out)));
        spans
            .flat_map(|(source, target)| self.places(context, &source, &target))
            .collect()
    }
}

impl Operation for Convolution {
    fn reads(&self) -> Vec<Value> {
        vec![self.u]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        vec![self.u]
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let context = frame.context;
        let mut out = frame.take(self.out);
        let grid = frame.grid(self.out);
        let u = frame.value(self.u);
        for place in self.all_places(frame) {
            let (filters, bias) = self.modalities[place.modality];
            let to = &mut out[place.row * grid.step..][..grid.width];
            to.copy_from_slice(context.parameter(bias));
            let rows =
                place.window.start * grid.step..(place.window.end - 1) * grid.step + grid.width;
            let taps = context.prepared.filter(filters);
            filter(context.level, taps, &u[rows], grid.step, to);
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
        let mut target = back.sum(self.u);
        let size = context.config.window * grid.width;
        let mut sums = back.frame.spare(self.modalities.len() * size);
        sums.fill(0.0);
        let u = back.frame.value(self.u);
        for place in self.all_places(&back.frame) {
            let (filters, bias) = self.modalities[place.modality];
            let own = &gradient[place.row * grid.step..][..grid.width];
            pass_row(level, Pass::Add, &mut back.gradients[bias], own);
            let rows =
                place.window.start * grid.step..(place.window.end - 1) * grid.step + grid.width;
            let taps = context.prepared.filter(filters);
            let sums = &mut sums[place.modality * size..][..size];
            let to = &mut target[rows.clone()];
            filter_backward(level, taps, &u[rows], grid.step, own, sums, to);
        }
        for (&(filters, _), sums) in self.modalities.iter().zip(sums.chunks_exact(size)) {
            let filters = &context.program.filters[filters];
            let to = back.gradients[filters.parameter].chunks_exact_mut(filters.taps);
            for (channel, to) in to.enumerate() {
                for (tap, to) in to.iter_mut().enumerate() {
                    *to += sums[tap * filters.channels + channel];
                }
            }
        }
        back.put(self.u, target);
        back.frame.release(sums);
        back.frame.release(gradient);
    }
}
