//! Queries that are computed together, and the keys that they see.

use std::ops::Range;

use super::products::Matrix;
use super::rows::softmax;

/// Queries whose scores are computed together.
const QUERY_ROWS: usize = 64;

/// Says which keys a query sees.
pub(in crate::local::transformer) trait Visibility:
    Send + Sync
{
    /// Adds the ranges of positions that the query at `position` of `row` sees: ascending, apart from each
    /// other, none of them empty, and at least one.
    fn keys(&self, row: usize, position: usize, ranges: &mut Vec<Range<usize>>);
}

/// Some queries of one row and the keys that any of them sees, without those between that none sees.
pub(super) struct Span {
    pub(super) queries: Range<usize>,
    /// Ascending and apart from each other.
    keys: Vec<Range<usize>>,
    /// Keys before each of `keys`.
    before: Vec<usize>,
    count: usize,
    /// Ranges among the span's keys, those of one query after those of the other.
    seen: Vec<Range<usize>>,
    /// Ends in `seen`, one a query.
    ends: Vec<usize>,
}

impl Span {
    /// The spans of one row of `length` positions.
    pub(super) fn all(row: usize, length: usize, visible: &dyn Visibility) -> Vec<Self> {
        let starts = (0..length).step_by(QUERY_ROWS);
        starts
            .map(|from| Self::new(row, from..(from + QUERY_ROWS).min(length), visible))
            .collect()
    }

    fn new(row: usize, queries: Range<usize>, visible: &dyn Visibility) -> Self {
        let mut seen = Vec::with_capacity(queries.len());
        let mut ends = Vec::with_capacity(queries.len());
        for position in queries.clone() {
            visible.keys(row, position, &mut seen);
            ends.push(seen.len());
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable_by_key(|range| range.start);
        let mut keys: Vec<Range<usize>> = Vec::new();
        for range in sorted {
            match keys.last_mut().filter(|last| range.start <= last.end) {
                Some(last) => last.end = last.end.max(range.end),
                None => keys.push(range),
            }
        }
        let mut before = Vec::with_capacity(keys.len());
        let mut count = 0;
        for range in &keys {
            before.push(count);
            count += range.len();
        }
        for range in &mut seen {
            let at = keys.partition_point(|keys| keys.start <= range.start) - 1;
            let start = before[at] + range.start - keys[at].start;
            *range = start..start + range.len();
        }
        Self {
            queries,
            keys,
            before,
            count,
            seen,
            ends,
        }
    }

    /// Number of its keys.
    pub(super) fn key_count(&self) -> usize {
        self.count
    }

    /// The key-shaped rows of one head, `[keys, dim]`, which start at `column` of lines of `width` numbers: as they
    /// stand, or in `gathered` where they do not stand together.
    pub(super) fn rows<'a>(
        &self,
        all: &'a [f32],
        width: usize,
        column: usize,
        dim: usize,
        gathered: &'a mut Vec<f32>,
    ) -> Matrix<'a> {
        if let [keys] = &self.keys[..] {
            let from = keys.start * width + column;
            return Matrix::with_step(&all[from..], self.count, dim, width);
        }
        gathered.clear();
        for position in self.keys.iter().cloned().flatten() {
            let from = position * width + column;
            gathered.extend_from_slice(&all[from..from + dim]);
        }
        Matrix::new(gathered, self.count, dim)
    }

    /// Adds to the rows `[length, dim]` of its keys what `add` adds to `[keys, dim]`.
    pub(super) fn add_to_rows(
        &self,
        all: &mut [f32],
        dim: usize,
        gathered: &mut Vec<f32>,
        add: impl FnOnce(&mut [f32]),
    ) {
        if let [keys] = &self.keys[..] {
            return add(&mut all[keys.start * dim..keys.end * dim]);
        }
        gathered.clear();
        gathered.resize(self.count * dim, 0.0);
        add(gathered);
        for (keys, before) in self.keys.iter().zip(&self.before) {
            let from = &gathered[before * dim..(before + keys.len()) * dim];
            let target = &mut all[keys.start * dim..keys.end * dim];
            for (target, value) in target.iter_mut().zip(from) {
                *target += value;
            }
        }
    }

    /// Softmax of `scale` times each query's scores, `[queries, keys]`, over the keys that it sees; nothing of
    /// the others.
    pub(super) fn softmax(&self, scores: &mut [f32], scale: f32) {
        let mut from = 0;
        let mut together = Vec::new();
        for (row, &end) in scores.chunks_exact_mut(self.count).zip(&self.ends) {
            let seen = &self.seen[from..end];
            from = end;
            if let [seen] = seen {
                row[..seen.start].fill(0.0);
                row[seen.end..].fill(0.0);
                softmax(&mut row[seen.clone()], scale);
                continue;
            }
            together.clear();
            for range in seen {
                together.extend_from_slice(&row[range.clone()]);
            }
            softmax(&mut together, scale);
            row.fill(0.0);
            let mut left = &together[..];
            for range in seen {
                let (shares, rest) = left.split_at(range.len());
                row[range.clone()].copy_from_slice(shares);
                left = rest;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Positions 0..3 and then two branches of two after the first two.
    struct Fork;

    impl Visibility for Fork {
        fn keys(&self, _row: usize, position: usize, ranges: &mut Vec<Range<usize>>) {
            if position < 3 {
                return ranges.push(0..position + 1);
            }
            let start = 3 + (position - 3) / 2 * 2;
            ranges.extend([0..2, start..position + 1]);
        }
    }

    #[test]
    fn a_span_holds_what_its_queries_see_and_shares_it_out() {
        let span = Span::new(0, 5..7, &Fork);
        assert_eq!(span.keys, [0..2, 5..7]);
        assert_eq!(span.seen, [0..2, 2..3, 0..2, 2..4]);
        let all: Vec<f32> = (0..14).map(|x| x as f32).collect();
        let mut gathered = Vec::new();
        span.rows(&all, 2, 1, 1, &mut gathered);
        assert_eq!(gathered, [1.0, 3.0, 11.0, 13.0]);
        let mut sums = vec![1.0; 7];
        span.add_to_rows(&mut sums, 1, &mut gathered, |rows| {
            rows.copy_from_slice(&[1.0, 2.0, 3.0, 4.0]);
        });
        assert_eq!(sums, [2.0, 3.0, 1.0, 1.0, 1.0, 4.0, 5.0]);
        let mut scores = vec![0.0; 8];
        span.softmax(&mut scores, 1.0);
        let third = 1.0 / 3.0;
        for (found, expected) in scores
            .iter()
            .zip([third, third, third, 0.0, 0.25, 0.25, 0.25, 0.25])
        {
            assert!((found - expected).abs() < 1e-6, "{scores:?}");
        }
    }

    #[test]
    fn keys_that_stand_together_are_not_copied() {
        let span = Span::new(0, 0..3, &Fork);
        assert_eq!((span.key_count(), span.keys.len()), (3, 1));
        let mut gathered = Vec::new();
        span.rows(&[0.0; 7], 1, 0, 1, &mut gathered);
        assert!(gathered.is_empty());
    }
}
