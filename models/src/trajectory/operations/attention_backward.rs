//! The way back through attention.

use super::attention::{Attention, Head, Part, blocks, most_keys};
use crate::kernels::{
    Buffer, Columns, LANES, Rows, Sizes, Start, multiply, softmax_prefixes_backward, turn,
};
use crate::trajectory::program::Value;
use crate::trajectory::run::{Backward, Context};

/// Gradients of the values that queries, keys and values are parts of; several may be parts of one.
pub(super) struct Targets {
    buffers: Vec<(Value, Buffer)>,
}

impl Targets {
    fn of(attention: &Attention, back: &mut Backward<'_>) -> Self {
        let mut buffers: Vec<(Value, Buffer)> = Vec::new();
        for part in [attention.query, attention.key, attention.value] {
            if buffers.iter().all(|(value, _)| *value != part.value) {
                buffers.push((part.value, back.sum(part.value)));
            }
        }
        Self { buffers }
    }

    pub(super) fn get(&mut self, part: Part) -> &mut [f32] {
        let mut each = self.buffers.iter_mut();
        let found = each.find(|(value, _)| *value == part.value);
        found.map_or(&mut [], |(_, buffer)| buffer)
    }

    fn give(self, back: &mut Backward<'_>) {
        for (value, buffer) in self.buffers {
            back.put(value, buffer);
        }
    }
}

impl Attention {
    pub(super) fn go_back(&self, back: &mut Backward<'_>) {
        let Some(gradient) = back.take(self.out) else {
            return;
        };
        let context = back.frame.context;
        let level = context.level;
        let spans = self.spans(&back.frame);
        let mut targets = Targets::of(self, back);
        let mut turned = back.frame.spare(most_keys(&spans) * self.dim());
        let (mut scores, mut dropped) = (back.frame.spare(0), back.frame.spare(0));
        let mut sums = self.edges.map(|edges| edges.sums(context));
        let mut seen = Vec::new();
        let mut at = 0;
        for span in &spans {
            self.seen(context, &span.0, &mut seen);
            let sequence = span.0.sequence.row;
            for number in 0..self.heads {
                let head = self.head(&back.frame, span, number, at);
                let size = head.queries * head.width;
                at += size;
                let frame = &back.frame;
                let shares = &frame.kept(self.kept)[head.shares..][..size];
                dropped.resize(size);
                dropped.copy_from_slice(shares);
                self.drop_shares(context, &head, sequence, &mut dropped);
                let upstream = (&gradient[..], head.out);
                let to = targets.get(self.value);
                self.add_turned(context, &head, &seen, &dropped, upstream, to, head.value);

                let (from, step) = head.value;
                let values = &frame.value(self.value.value)[from..];
                turn(level, head.keys, self.dim(), values, step, &mut turned);
                scores.resize(size);
                self.products(context, &head, &seen, upstream, &turned, &mut scores);
                self.drop_shares(context, &head, sequence, &mut scores);
                let scale = self.scale();
                softmax_prefixes_backward(level, scale, &seen, head.width, shares, &mut scores);

                let keys = &frame.value(self.key.value)[head.key.0..];
                let to = targets.get(self.query);
                self.add_mixed(context, &head, &seen, &scores, (keys, head.key.1), to);
                let queries = (&frame.value(self.query.value)[..], head.query);
                let to = targets.get(self.key);
                self.add_turned(context, &head, &seen, &scores, queries, to, head.key);
                if let Some(sums) = &mut sums {
                    sums.add(self, frame, &head, &span.0, &scores, &mut targets);
                }
            }
        }
        if let Some(sums) = sums {
            sums.give(self, back, &mut targets);
        }
        targets.give(back);
        for buffer in [gradient, turned, scores, dropped] {
            back.frame.release(buffer);
        }
    }

    /// `to[q] += Σ_k scores[q][k] · keys[k]`.
    fn add_mixed(
        &self,
        context: &Context<'_>,
        head: &Head,
        seen: &[usize],
        scores: &[f32],
        (keys, step): (&[f32], usize),
        to: &mut [f32],
    ) {
        for (rows, count) in blocks(seen) {
            let sizes = Sizes {
                rows: rows.len(),
                inner: count,
                columns: self.dim(),
            };
            let a = Rows {
                values: &scores[rows.start * head.width..],
                row: head.width,
                step: 1,
            };
            let b = Columns::of_rows(keys, step);
            let (first, out_row) = head.query;
            let to = &mut to[first + rows.start * out_row..];
            multiply(
                context.level,
                sizes,
                a,
                b,
                Start::Before,
                false,
                to,
                out_row,
            );
        }
    }

    /// `to[k] += Σ_q shares[q][k] · rows[q]`, for sixteen keys at a time and the queries that see any of them.
    fn add_turned(
        &self,
        context: &Context<'_>,
        head: &Head,
        seen: &[usize],
        shares: &[f32],
        (rows, (from, step)): (&[f32], (usize, usize)),
        to: &mut [f32],
        (first, out_row): (usize, usize),
    ) {
        for key in (0..head.keys).step_by(LANES) {
            let query = seen.partition_point(|seen| *seen <= key);
            if query == seen.len() {
                continue;
            }
            let sizes = Sizes {
                rows: LANES.min(head.keys - key),
                inner: seen.len() - query,
                columns: self.dim(),
            };
            let a = Rows {
                values: &shares[query * head.width + key..],
                row: 1,
                step: head.width,
            };
            let b = Columns::of_rows(&rows[from + query * step..], step);
            let to = &mut to[first + key * out_row..];
            multiply(
                context.level,
                sizes,
                a,
                b,
                Start::Before,
                false,
                to,
                out_row,
            );
        }
    }
}
