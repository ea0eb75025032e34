//! Attention over heads that lie side by side in rows, without a score matrix for all positions.

use std::ops::Range;

use rayon::prelude::*;

use super::products::{Before, Matrix, Threads, multiply};
use super::rows::{cap_slopes, scale_by, soft_cap, softmax, softmax_backward};
use crate::local::transformer::TransformerConfig;

/// Queries whose scores are computed together.
const QUERY_ROWS: usize = 64;

/// Says which keys a query sees: `(row, position)` to a range of positions.
pub(in crate::local::transformer) trait Visibility:
    Send + Sync
{
    /// Never empty.
    fn keys(&self, row: usize, position: usize) -> Range<usize>;
}

/// Sizes of one attention.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heads {
    pub(super) rows: usize,
    pub(super) length: usize,
    pub(super) heads: usize,
    pub(super) kv_heads: usize,
    pub(super) dim: usize,
    pub(super) scale: f32,
    pub(super) cap: Option<f32>,
}

/// Gradients of queries, keys and values.
pub(super) struct Gradients {
    pub(super) queries: Vec<f32>,
    pub(super) keys: Vec<f32>,
    pub(super) values: Vec<f32>,
}

/// One row of the batch and one key head: the queries of its group lie in `query_step` wide rows.
struct Task<'a> {
    sizes: &'a Heads,
    row: usize,
    kv_head: usize,
    queries: &'a [f32],
    keys: &'a [f32],
    values: &'a [f32],
    visible: &'a dyn Visibility,
}

impl Heads {
    pub(super) fn new(config: &TransformerConfig, rows: usize, length: usize) -> Self {
        Self {
            rows,
            length,
            heads: config.heads,
            kv_heads: config.kv_heads,
            dim: config.head_dim,
            scale: config.attention_scale as f32,
            cap: config.attention_softcap.map(|cap| cap as f32),
        }
    }

    fn query_width(&self) -> usize {
        self.heads * self.dim
    }

    fn key_width(&self) -> usize {
        self.kv_heads * self.dim
    }

    fn group(&self) -> usize {
        self.heads / self.kv_heads
    }

    fn tasks(&self) -> usize {
        self.rows * self.kv_heads
    }

    fn task<'a>(
        &'a self,
        ix: usize,
        queries: &'a [f32],
        keys: &'a [f32],
        values: &'a [f32],
        visible: &'a dyn Visibility,
    ) -> Task<'a> {
        let row = ix / self.kv_heads;
        let of_row = |all: &'a [f32], width: usize| {
            &all[row * self.length * width..(row + 1) * self.length * width]
        };
        Task {
            sizes: self,
            row,
            kv_head: ix % self.kv_heads,
            queries: of_row(queries, self.query_width()),
            keys: of_row(keys, self.key_width()),
            values: of_row(values, self.key_width()),
            visible,
        }
    }

    /// Puts `[group * length, dim]` of each task where its heads stand in `[rows * length, width]`.
    fn gather(&self, parts: &[Vec<f32>], heads: usize) -> Vec<f32> {
        let (dim, length) = (self.dim, self.length);
        let width = heads * dim;
        let group = heads / self.kv_heads;
        let mut all = vec![0.0; self.rows * length * width];
        all.par_chunks_mut(length * width)
            .enumerate()
            .for_each(|(row, out)| {
                for (position, line) in out.chunks_exact_mut(width).enumerate() {
                    for (head, target) in line.chunks_exact_mut(dim).enumerate() {
                        let part = &parts[row * self.kv_heads + head / group];
                        let from = ((head % group) * length + position) * dim;
                        target.copy_from_slice(&part[from..from + dim]);
                    }
                }
            });
        all
    }
}

/// Mixed values, `[rows * length, heads * dim]`, of rotated queries and keys.
pub(super) fn forward(
    sizes: &Heads,
    queries: &[f32],
    keys: &[f32],
    values: &[f32],
    visible: &dyn Visibility,
) -> Vec<f32> {
    let parts: Vec<Vec<f32>> = (0..sizes.tasks())
        .into_par_iter()
        .map(|ix| sizes.task(ix, queries, keys, values, visible).forward())
        .collect();
    sizes.gather(&parts, sizes.heads)
}

/// Gradients of [`forward`]'s arguments for the gradient of its result.
pub(super) fn backward(
    sizes: &Heads,
    queries: &[f32],
    keys: &[f32],
    values: &[f32],
    visible: &dyn Visibility,
    gradient: &[f32],
) -> Gradients {
    let parts: Vec<[Vec<f32>; 3]> = (0..sizes.tasks())
        .into_par_iter()
        .map(|ix| {
            let task = sizes.task(ix, queries, keys, values, visible);
            let width = sizes.query_width();
            let from = task.row * sizes.length * width;
            task.backward(&gradient[from..from + sizes.length * width])
        })
        .collect();
    let mut lists = [Vec::new(), Vec::new(), Vec::new()];
    for part in parts {
        for (list, gradient) in lists.iter_mut().zip(part) {
            list.push(gradient);
        }
    }
    Gradients {
        queries: sizes.gather(&lists[0], sizes.heads),
        keys: sizes.gather(&lists[1], sizes.kv_heads),
        values: sizes.gather(&lists[2], sizes.kv_heads),
    }
}

/// Some queries of one head and the keys that any of them sees.
struct Span {
    queries: Range<usize>,
    keys: Range<usize>,
}

impl<'a> Task<'a> {
    fn spans(&self) -> Vec<Span> {
        let length = self.sizes.length;
        (0..length)
            .step_by(QUERY_ROWS)
            .map(|from| {
                let queries = from..(from + QUERY_ROWS).min(length);
                let ranges = queries.clone().map(|at| self.visible.keys(self.row, at));
                let keys = ranges.fold(length..0, |all, keys| {
                    all.start.min(keys.start)..all.end.max(keys.end)
                });
                Span { queries, keys }
            })
            .collect()
    }

    /// Queries (or something of their shape) of one head of the group.
    fn query_matrix(&self, all: &'a [f32], head: usize, span: &Span) -> Matrix<'a> {
        let width = self.sizes.query_width();
        let column = (self.kv_head * self.sizes.group() + head) * self.sizes.dim;
        let from = span.queries.start * width + column;
        Matrix::with_step(&all[from..], span.queries.len(), self.sizes.dim, width)
    }

    fn key_matrix(&self, all: &'a [f32], span: &Span) -> Matrix<'a> {
        let width = self.sizes.key_width();
        let from = span.keys.start * width + self.kv_head * self.sizes.dim;
        Matrix::with_step(&all[from..], span.keys.len(), self.sizes.dim, width)
    }

    /// Shares of attention, `[queries, keys]`, in `shares`; slopes of the cap in `slopes`.
    fn shares(
        &self,
        head: usize,
        span: &Span,
        shares: &mut Vec<f32>,
        slopes: Option<&mut Vec<f32>>,
    ) {
        let keys = span.keys.len();
        shares.resize(span.queries.len() * keys, 0.0);
        multiply(
            shares,
            keys,
            Before::Replaced,
            self.query_matrix(self.queries, head, span),
            self.key_matrix(self.keys, span).t(),
            Threads::One,
        );
        let mut scale = self.sizes.scale;
        if let Some(cap) = self.sizes.cap {
            soft_cap(shares, scale, cap);
            scale = 1.0;
            if let Some(slopes) = slopes {
                slopes.resize(shares.len(), 0.0);
                cap_slopes(slopes, shares, cap);
            }
        }
        for (position, row) in span.queries.clone().zip(shares.chunks_exact_mut(keys)) {
            let seen = self.visible.keys(self.row, position);
            let seen = seen.start - span.keys.start..seen.end - span.keys.start;
            row[..seen.start].fill(0.0);
            row[seen.end..].fill(0.0);
            softmax(&mut row[seen], scale);
        }
    }

    fn forward(&self) -> Vec<f32> {
        let (length, dim) = (self.sizes.length, self.sizes.dim);
        let mut mixed = vec![0.0; self.sizes.group() * length * dim];
        let mut shares = Vec::new();
        for head in 0..self.sizes.group() {
            for span in self.spans() {
                self.shares(head, &span, &mut shares, None);
                multiply(
                    &mut mixed[(head * length + span.queries.start) * dim..],
                    dim,
                    Before::Replaced,
                    Matrix::new(&shares, span.queries.len(), span.keys.len()),
                    self.key_matrix(self.values, &span),
                    Threads::One,
                );
            }
        }
        mixed
    }

    /// Gradients of this task's queries `[group * length, dim]`, keys and values `[length, dim]`.
    fn backward(&self, gradient: &'a [f32]) -> [Vec<f32>; 3] {
        let (length, dim) = (self.sizes.length, self.sizes.dim);
        let mut query_gradient = vec![0.0; self.sizes.group() * length * dim];
        let mut key_gradient = vec![0.0; length * dim];
        let mut value_gradient = vec![0.0; length * dim];
        let (mut shares, mut slopes, mut scores) = (Vec::new(), Vec::new(), Vec::new());
        for head in 0..self.sizes.group() {
            for span in self.spans() {
                let (queries, keys) = (span.queries.len(), span.keys.len());
                self.shares(head, &span, &mut shares, Some(&mut slopes));
                let upstream = self.query_matrix(gradient, head, &span);
                multiply(
                    &mut value_gradient[span.keys.start * dim..],
                    dim,
                    Before::AddedTo,
                    Matrix::new(&shares, queries, keys).t(),
                    upstream,
                    Threads::One,
                );
                scores.resize(shares.len(), 0.0);
                multiply(
                    &mut scores,
                    keys,
                    Before::Replaced,
                    upstream,
                    self.key_matrix(self.values, &span).t(),
                    Threads::One,
                );
                let rows = scores.chunks_exact_mut(keys).zip(shares.chunks_exact(keys));
                for (scores, shares) in rows {
                    softmax_backward(scores, shares, self.sizes.scale);
                }
                if self.sizes.cap.is_some() {
                    scale_by(&mut scores, &slopes);
                }
                multiply(
                    &mut query_gradient[(head * length + span.queries.start) * dim..],
                    dim,
                    Before::Replaced,
                    Matrix::new(&scores, queries, keys),
                    self.key_matrix(self.keys, &span),
                    Threads::One,
                );
                multiply(
                    &mut key_gradient[span.keys.start * dim..],
                    dim,
                    Before::AddedTo,
                    Matrix::new(&scores, queries, keys).t(),
                    self.query_matrix(self.queries, head, &span),
                    Threads::One,
                );
            }
        }
        [query_gradient, key_gradient, value_gradient]
    }
}
