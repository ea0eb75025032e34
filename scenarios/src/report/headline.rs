//! Which comparisons a reader sees first.

/// Arms above which a part of the comparisons is shown first.
const MANY_ARMS: usize = 4;

/// Whether the comparison of `a` with `b` on `metric` is among the first to be seen: all where
/// arms are few; else those on the `first` metric, of an arm with the first or the next one.
pub(super) fn is_headline(arms: &[&str], first: &str, metric: &str, a: &str, b: &str) -> bool {
    let position = |name: &str| arms.iter().position(|arm| *arm == name);
    arms.len() <= MANY_ARMS
        || (metric == first
            && position(a)
                .zip(position(b))
                .is_some_and(|(a, b)| a == 0 || b == a + 1))
}
