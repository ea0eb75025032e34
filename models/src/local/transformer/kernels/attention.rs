//! Attention over heads that lie side by side in rows, without a score matrix for all positions.

use rayon::prelude::*;

use super::products::{Before, Matrix, Threads, multiply};
use super::rows::{cap_slopes, scale_by, soft_cap, softmax_backward};
use super::span::{Span, Visibility};
use crate::local::transformer::TransformerConfig;

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
    spans: &'a [Span],
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
        spans: &'a [Vec<Span>],
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
            spans: &spans[row],
        }
    }

    /// What each row's queries see.
    fn spans(&self, visible: &dyn Visibility) -> Vec<Vec<Span>> {
        let rows = (0..self.rows).into_par_iter();
        rows.map(|row| Span::all(row, self.length, visible))
            .collect()
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
    let spans = sizes.spans(visible);
    let parts: Vec<Vec<f32>> = (0..sizes.tasks())
        .into_par_iter()
        .map(|ix| sizes.task(ix, queries, keys, values, &spans).forward())
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
    let spans = sizes.spans(visible);
    let parts: Vec<[Vec<f32>; 3]> = (0..sizes.tasks())
        .into_par_iter()
        .map(|ix| {
            let task = sizes.task(ix, queries, keys, values, &spans);
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

impl<'a> Task<'a> {
    /// Queries (or something of their shape) of one head of the group.
    fn query_matrix(&self, all: &'a [f32], head: usize, span: &Span) -> Matrix<'a> {
        let width = self.sizes.query_width();
        let column = (self.kv_head * self.sizes.group() + head) * self.sizes.dim;
        let from = span.queries.start * width + column;
        Matrix::with_step(&all[from..], span.queries.len(), self.sizes.dim, width)
    }

    /// Keys, or something of their shape, that a span sees.
    fn key_matrix<'b>(
        &self,
        all: &'b [f32],
        span: &Span,
        gathered: &'b mut Vec<f32>,
    ) -> Matrix<'b> {
        let dim = self.sizes.dim;
        span.rows(
            all,
            self.sizes.key_width(),
            self.kv_head * dim,
            dim,
            gathered,
        )
    }

    /// Shares of attention, `[queries, keys]`, in `shares`; slopes of the cap in `slopes`.
    fn shares(
        &self,
        head: usize,
        span: &Span,
        keys: Matrix<'_>,
        shares: &mut Vec<f32>,
        slopes: Option<&mut Vec<f32>>,
    ) {
        shares.resize(span.queries.len() * span.key_count(), 0.0);
        multiply(
            shares,
            span.key_count(),
            Before::Replaced,
            self.query_matrix(self.queries, head, span),
            keys.t(),
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
        span.softmax(shares, scale);
    }

    fn forward(&self) -> Vec<f32> {
        let (length, dim) = (self.sizes.length, self.sizes.dim);
        let mut mixed = vec![0.0; self.sizes.group() * length * dim];
        let (mut shares, mut keys, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for span in self.spans {
            let keys = self.key_matrix(self.keys, span, &mut keys);
            let values = self.key_matrix(self.values, span, &mut values);
            for head in 0..self.sizes.group() {
                self.shares(head, span, keys, &mut shares, None);
                multiply(
                    &mut mixed[(head * length + span.queries.start) * dim..],
                    dim,
                    Before::Replaced,
                    Matrix::new(&shares, span.queries.len(), span.key_count()),
                    values,
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
        let (mut keys, mut values, mut sums) = (Vec::new(), Vec::new(), Vec::new());
        for span in self.spans {
            let (query_count, key_count) = (span.queries.len(), span.key_count());
            let keys = self.key_matrix(self.keys, span, &mut keys);
            let values = self.key_matrix(self.values, span, &mut values);
            for head in 0..self.sizes.group() {
                self.shares(head, span, keys, &mut shares, Some(&mut slopes));
                let upstream = self.query_matrix(gradient, head, span);
                let add_product = |target: &mut [f32], shares: &[f32], with: Matrix<'_>| {
                    let shares = Matrix::new(shares, query_count, key_count).t();
                    multiply(target, dim, Before::AddedTo, shares, with, Threads::One);
                };
                span.add_to_rows(&mut value_gradient, dim, &mut sums, |rows| {
                    add_product(rows, &shares, upstream);
                });
                scores.resize(shares.len(), 0.0);
                multiply(
                    &mut scores,
                    key_count,
                    Before::Replaced,
                    upstream,
                    values.t(),
                    Threads::One,
                );
                let rows = scores
                    .chunks_exact_mut(key_count)
                    .zip(shares.chunks_exact(key_count));
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
                    Matrix::new(&scores, query_count, key_count),
                    keys,
                    Threads::One,
                );
                span.add_to_rows(&mut key_gradient, dim, &mut sums, |rows| {
                    add_product(rows, &scores, self.query_matrix(self.queries, head, span));
                });
            }
        }
        [query_gradient, key_gradient, value_gradient]
    }
}
