//! Relations of the graph model: what an edge between two tokens adds to their score.
//!
//! A score is `(q + a_e) · (k + b_e)`, with one pair of vectors for pairs without an edge and one for those with one. The
//! first are part of the biases of q and k, so that all pairs together are one product; the few pairs with an edge then get
//! `q · Δb + Δa · k + Δa · Δb` in addition, where `Δ` is what the vectors of an edge have beyond the others.

use super::attention::{Attention, Head};
use super::attention_backward::Targets;
use crate::kernels::{Grid, add_rows, add_scaled, dots};
use crate::trajectory::run::{Backward, Context, Frame, Span};

/// Relations of an attention.
#[derive(Debug, Clone, Copy)]
pub(in crate::trajectory) struct Edges {
    pub(in crate::trajectory) relations: usize,
    /// Whether edges are found.
    pub(in crate::trajectory) looked_up: bool,
}

/// The farthest that an edge reaches back.
const REACH: usize = 3;

/// Whether there is an edge from the token at `parent` to a later one at `child`: to the action of the step from return and
/// state, to the next return from all three, to the next state from state and action.
fn is_edge(parent: usize, child: usize) -> bool {
    let apart = child - parent;
    match parent % 3 {
        0 => (2..=3).contains(&apart),
        1 => (1..=3).contains(&apart),
        _ => (1..=2).contains(&apart),
    }
}

impl Edges {
    /// The pairs of a query's row and a key's row that have an edge.
    fn pairs(
        self,
        attention: &Attention,
        context: &Context<'_>,
        queries: &Span,
    ) -> impl Iterator<Item = (usize, usize)> {
        let per_step = context.program.per_step;
        let tokens = context.shape(attention.query.value).tokens;
        let steps = queries.sequence.steps;
        let rows = if self.looked_up { queries.count } else { 0 };
        (0..rows).flat_map(move |row| {
            let place = per_step.place(tokens, steps, row);
            let parents = place.saturating_sub(REACH)..place;
            let parents = parents.filter(move |parent| is_edge(*parent, place));
            parents.map(move |parent| (row, parent))
        })
    }

    /// Adds what edges add to the products of queries and keys.
    pub(super) fn add_to_scores(
        self,
        attention: &Attention,
        frame: &Frame<'_>,
        head: &Head,
        queries: &Span,
        scores: &mut [f32],
    ) {
        let context = frame.context;
        let related = context.prepared.related(self.relations);
        let dim = attention.dim();
        let own = head.head * dim..(head.head + 1) * dim;
        let along = |rows: usize, values: &[f32], (from, step): (usize, usize), with: &[f32]| {
            let grid = Grid {
                rows,
                width: dim,
                step,
            };
            let mut out = vec![0.0; rows];
            dots(context.level, grid, &values[from..], with, &mut out);
            out
        };
        let query = frame.value(attention.query.value);
        let key = frame.value(attention.key.value);
        let of_queries = along(head.queries, query, head.query, &related.key[own.clone()]);
        let of_keys = along(head.keys, key, head.key, &related.query[own]);
        let both = related.both[head.head];
        for (row, parent) in self.pairs(attention, context, queries) {
            scores[row * head.width + parent] += of_queries[row] + of_keys[parent] + both;
        }
    }

    /// Sums for the gradients of a chunk.
    pub(super) fn sums(self, context: &Context<'_>) -> Sums {
        let relations = context.program.relations[self.relations];
        Sums {
            edges: self,
            query: vec![0.0; relations.hidden],
            key: vec![0.0; relations.hidden],
            scores: vec![0.0; relations.heads],
        }
    }
}

/// Gradients of what edges add, over a chunk.
pub(super) struct Sums {
    edges: Edges,
    query: Vec<f32>,
    key: Vec<f32>,
    scores: Vec<f32>,
}

impl Sums {
    /// Adds those of a head, and what queries and keys get of them.
    pub(super) fn add(
        &mut self,
        attention: &Attention,
        frame: &Frame<'_>,
        head: &Head,
        queries: &Span,
        scores: &[f32],
        targets: &mut Targets,
    ) {
        let context = frame.context;
        let level = context.level;
        let related = context.prepared.related(self.edges.relations);
        let dim = attention.dim();
        let own = head.head * dim..(head.head + 1) * dim;
        let query = frame.value(attention.query.value);
        let key = frame.value(attention.key.value);
        for (row, parent) in self.edges.pairs(attention, context, queries) {
            let score = scores[row * head.width + parent];
            self.scores[head.head] += score;
            let query_at = head.query.0 + row * head.query.1;
            let key_at = head.key.0 + parent * head.key.1;
            let to = &mut targets.get(attention.query)[query_at..][..dim];
            add_scaled(level, score, &related.key[own.clone()], to);
            let to = &mut targets.get(attention.key)[key_at..][..dim];
            add_scaled(level, score, &related.query[own.clone()], to);
            add_scaled(
                level,
                score,
                &query[query_at..][..dim],
                &mut self.key[own.clone()],
            );
            add_scaled(
                level,
                score,
                &key[key_at..][..dim],
                &mut self.query[own.clone()],
            );
        }
    }

    /// Adds the gradients of the relations' parameters.
    pub(super) fn give(
        mut self,
        attention: &Attention,
        back: &mut Backward<'_>,
        targets: &mut Targets,
    ) {
        let context = back.frame.context;
        let level = context.level;
        let relations = context.program.relations[self.edges.relations];
        let related = context.prepared.related(self.edges.relations);
        let (h, dim) = (relations.hidden, attention.dim());
        for (head, score) in self.scores.iter().enumerate() {
            let own = head * dim..(head + 1) * dim;
            add_scaled(
                level,
                *score,
                &related.key[own.clone()],
                &mut self.query[own.clone()],
            );
            add_scaled(
                level,
                *score,
                &related.query[own.clone()],
                &mut self.key[own],
            );
        }
        // Rows of the projected table: without an edge, with one.
        let mut rows = vec![vec![0.0; 2 * h]; 2];
        for (part, half) in [(attention.query, 0), (attention.key, h)] {
            let grid = back.frame.grid(part.value);
            let grid = Grid { width: h, ..grid };
            let values = &targets.get(part)[part.column..];
            add_rows(level, grid, values, &mut rows[0][half..half + h]);
        }
        for (at, change) in self.query.iter().chain(&self.key).enumerate() {
            rows[0][at] -= change;
            rows[1][at] = *change;
        }
        let edges = context.parameter(relations.edges);
        let weight = context.parameter(relations.weight);
        let grid = Grid {
            rows: h,
            width: 2 * h,
            step: 2 * h,
        };
        let mut to_edges = vec![0.0; h];
        for (kind, row) in rows.iter().enumerate() {
            add_scaled(level, 1.0, row, &mut back.gradients[relations.bias]);
            let own = kind * h..(kind + 1) * h;
            dots(level, grid, weight, row, &mut to_edges);
            add_scaled(
                level,
                1.0,
                &to_edges,
                &mut back.gradients[relations.edges][own.clone()],
            );
            let weights = back.gradients[relations.weight].chunks_exact_mut(2 * h);
            for (number, to) in edges[own].iter().zip(weights) {
                add_scaled(level, *number, row, to);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_are_those_of_the_card() {
        // R, s, a of a step and of the next.
        let edges: Vec<(usize, usize)> = (0..3)
            .flat_map(|parent| (parent + 1..9).map(move |child| (parent, child)))
            .filter(|(parent, child)| is_edge(*parent, *child))
            .collect();
        let expected = [(0, 2), (0, 3), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4)];
        assert_eq!(edges, expected);
    }
}
