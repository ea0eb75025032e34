//! Attention of some tokens over the earlier ones.
//!
//! Every query sees a prefix of the keys. Sixteen queries are computed together, over the keys that the last of them
//! sees.

use std::ops::Range;

use super::Operation;
use super::relations::Edges;
use crate::kernels::{
    Buffer, Columns, LANES, Rows, Sizes, Start, multiply, softmax_prefixes, turn,
};
use crate::trajectory::program::{Tokens, Value};
use crate::trajectory::run::{Backward, Context, Frame, Span};

/// Columns of a value from one on.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) struct Part {
    pub(in crate::trajectory) value: Value,
    pub(in crate::trajectory) column: usize,
}

impl Part {
    pub(in crate::trajectory) fn at(value: Value, column: usize) -> Self {
        Self { value, column }
    }
}

/// What a query sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) enum Seen {
    /// Itself and what is earlier.
    Earlier,
    /// Of two slots a step, the first sees the second too.
    Step,
}

/// Mixed values of the queries' heads.
#[derive(Debug)]
pub(in crate::trajectory) struct Attention {
    pub(in crate::trajectory) query: Part,
    pub(in crate::trajectory) key: Part,
    pub(in crate::trajectory) value: Part,
    /// Width of all heads.
    pub(in crate::trajectory) width: usize,
    pub(in crate::trajectory) heads: usize,
    pub(in crate::trajectory) rate: f32,
    pub(in crate::trajectory) seen: Seen,
    pub(in crate::trajectory) edges: Option<Edges>,
    pub(in crate::trajectory) kept: usize,
    pub(in crate::trajectory) place: u32,
    pub(in crate::trajectory) out: Value,
}

/// One head of one sequence: where its numbers begin and how far rows are apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(super) head: usize,
    pub(super) queries: usize,
    pub(super) keys: usize,
    /// Width of a row of shares.
    pub(super) width: usize,
    pub(super) query: (usize, usize),
    pub(super) key: (usize, usize),
    pub(super) value: (usize, usize),
    pub(super) out: (usize, usize),
    /// Where its shares begin.
    pub(super) shares: usize,
}

impl Attention {
    /// Attention with its other settings at rest.
    pub(in crate::trajectory) fn new(
        query: Part,
        key: Part,
        value: Part,
        width: usize,
        heads: usize,
        rate: f32,
    ) -> Self {
        Self {
            query,
            key,
            value,
            width,
            heads,
            rate,
            seen: Seen::Earlier,
            edges: None,
            kept: 0,
            place: 0,
            out: query.value,
        }
    }

    pub(in crate::trajectory) fn seeing(self, seen: Seen) -> Self {
        Self { seen, ..self }
    }

    /// With relations between tokens; without `looked_up` no pair has an edge.
    pub(in crate::trajectory) fn related(self, relations: usize, looked_up: bool) -> Self {
        let edges = Some(Edges {
            relations,
            looked_up,
        });
        Self { edges, ..self }
    }

    pub(super) fn dim(&self) -> usize {
        self.width / self.heads
    }

    /// Factor of scores; relations divide by the root twice.
    pub(super) fn scale(&self) -> f32 {
        let dim = self.dim() as f32;
        match self.edges {
            None => 1.0 / dim.sqrt(),
            Some(_) => 1.0 / dim,
        }
    }

    /// How many keys each query of a sequence sees.
    pub(super) fn seen(&self, context: &Context<'_>, span: &Span, seen: &mut Vec<usize>) {
        let per_step = context.program.per_step;
        let tokens = context.shape(self.query.value).tokens;
        seen.clear();
        seen.extend((0..span.count).map(|row| {
            let place = per_step.place(tokens, span.sequence.steps, row);
            match self.seen {
                Seen::Earlier => place + 1,
                Seen::Step => place / 2 * 2 + 2,
            }
        }));
        if self.seen == Seen::Step {
            debug_assert!(matches!(tokens, Tokens::Slots | Tokens::LastSlot));
        }
    }

    /// Rows of queries and keys of each sequence.
    pub(super) fn spans(&self, frame: &Frame<'_>) -> Vec<(Span, Span)> {
        let tokens = |part: Part| frame.context.shape(part.value).tokens;
        let queries = frame.spans(tokens(self.query)).into_iter();
        queries.zip(frame.spans(tokens(self.key))).collect()
    }

    /// One head, with its shares at a place.
    pub(super) fn head(
        &self,
        frame: &Frame<'_>,
        (query, key): &(Span, Span),
        head: usize,
        shares: usize,
    ) -> Head {
        let at = |part: Part, start: usize| {
            let step = frame.step(part.value);
            (start * step + part.column + head * self.dim(), step)
        };
        Head {
            head,
            queries: query.count,
            keys: key.count,
            width: key.count.next_multiple_of(LANES),
            query: at(self.query, query.start),
            key: at(self.key, key.start),
            value: at(self.value, key.start),
            out: at(Part::at(self.out, 0), query.start),
            shares,
        }
    }

    /// Room for the shares of all heads, or of one where nothing is kept, and for the largest turned keys.
    fn rooms(&self, spans: &[(Span, Span)], keep: bool) -> (usize, usize) {
        let one = |(query, key): &(Span, Span)| query.count * key.count.next_multiple_of(LANES);
        let shares = if keep {
            spans.iter().map(|span| self.heads * one(span)).sum()
        } else {
            spans.iter().map(one).max().unwrap_or(0)
        };
        (shares, most_keys(spans) * self.dim())
    }

    /// Shares after dropout, in `dropped`, where there is dropout.
    pub(super) fn drop_shares(
        &self,
        context: &Context<'_>,
        head: &Head,
        sequence: usize,
        rows: &mut [f32],
    ) {
        if let Some(masks) = context.masks(self.place, self.rate) {
            for (row, shares) in rows.chunks_exact_mut(head.width).enumerate() {
                let row = row * self.heads + head.head;
                masks.apply(context.level, sequence, row, shares);
            }
        }
    }
}

/// The most keys of a sequence, in whole groups.
pub(super) fn most_keys(spans: &[(Span, Span)]) -> usize {
    let keys = spans
        .iter()
        .map(|(_, key)| key.count.next_multiple_of(LANES));
    keys.max().unwrap_or(0)
}

/// Sixteen queries at a time, and the keys that they see.
pub(super) fn blocks(seen: &[usize]) -> impl Iterator<Item = (Range<usize>, usize)> + '_ {
    seen.chunks(LANES).enumerate().map(|(block, seen)| {
        let first = block * LANES;
        (first..first + seen.len(), seen[seen.len() - 1])
    })
}

impl Operation for Attention {
    fn reads(&self) -> Vec<Value> {
        vec![self.query.value, self.key.value, self.value.value]
    }

    fn makes(&self) -> Value {
        self.out
    }

    fn needs(&self) -> Vec<Value> {
        self.reads()
    }

    fn forward(&self, frame: &mut Frame<'_>) {
        let context = frame.context;
        let spans = self.spans(frame);
        let (shares_room, turned_room) = self.rooms(&spans, context.keep);
        let mut out = frame.take(self.out);
        let mut kept = frame.take_kept(self.kept, shares_room);
        let mut turned = frame.spare(turned_room);
        let masked = context.masks(self.place, self.rate).is_some();
        let mut dropped = frame.spare(0);
        let mut seen = Vec::new();
        let mut at = 0;
        for span in &spans {
            self.seen(context, &span.0, &mut seen);
            for number in 0..self.heads {
                let head = self.head(frame, span, number, if context.keep { at } else { 0 });
                let size = head.queries * head.width;
                at += size;
                let shares = &mut kept[head.shares..][..size];
                self.shares(frame, &head, &seen, &span.0, &mut turned, shares);
                let shares = if masked {
                    dropped.resize(size);
                    dropped.copy_from_slice(shares);
                    self.drop_shares(context, &head, span.0.sequence.row, &mut dropped);
                    &dropped[..]
                } else {
                    &*shares
                };
                self.mix(frame, &head, &seen, shares, &mut out);
            }
        }
        for buffer in [turned, dropped] {
            frame.release(buffer);
        }
        frame.put_kept(self.kept, kept);
        frame.put(self.out, out);
    }

    fn backward(&self, back: &mut Backward<'_>) {
        self.go_back(back);
    }
}

impl Attention {
    /// The softmax of a head's scores.
    fn shares(
        &self,
        frame: &Frame<'_>,
        head: &Head,
        seen: &[usize],
        queries: &Span,
        turned: &mut Buffer,
        shares: &mut [f32],
    ) {
        let context = frame.context;
        let (query, key) = (frame.value(self.query.value), frame.value(self.key.value));
        let (from, step) = head.key;
        turn(
            context.level,
            head.keys,
            self.dim(),
            &key[from..],
            step,
            turned,
        );
        self.products(context, head, seen, (query, head.query), turned, shares);
        if let Some(edges) = self.edges.filter(|edges| edges.looked_up) {
            edges.add_to_scores(self, frame, head, queries, shares);
        }
        softmax_prefixes(context.level, self.scale(), seen, head.width, shares);
    }

    /// Products of queries with the turned keys that they see.
    pub(super) fn products(
        &self,
        context: &Context<'_>,
        head: &Head,
        seen: &[usize],
        (query, (from, step)): (&[f32], (usize, usize)),
        turned: &[f32],
        out: &mut [f32],
    ) {
        let dim = self.dim();
        for (rows, keys) in blocks(seen) {
            let sizes = Sizes {
                rows: rows.len(),
                inner: dim,
                columns: keys.next_multiple_of(LANES),
            };
            let a = Rows {
                values: &query[from + rows.start * step..],
                row: step,
                step: 1,
            };
            let b = Columns {
                values: turned,
                step: LANES,
                panel: dim * LANES,
            };
            let out = &mut out[rows.start * head.width..];
            multiply(
                context.level,
                sizes,
                a,
                b,
                Start::Zero,
                false,
                out,
                head.width,
            );
        }
    }

    /// Values in shares.
    fn mix(&self, frame: &Frame<'_>, head: &Head, seen: &[usize], shares: &[f32], out: &mut [f32]) {
        let values = frame.value(self.value.value);
        let level = frame.context.level;
        for (rows, keys) in blocks(seen) {
            let sizes = Sizes {
                rows: rows.len(),
                inner: keys,
                columns: self.dim(),
            };
            let a = Rows {
                values: &shares[rows.start * head.width..],
                row: head.width,
                step: 1,
            };
            let b = Columns::of_rows(&values[head.value.0..], head.value.1);
            let (first, step) = head.out;
            let out = &mut out[first + rows.start * step..];
            multiply(level, sizes, a, b, Start::Zero, false, out, step);
        }
    }
}
