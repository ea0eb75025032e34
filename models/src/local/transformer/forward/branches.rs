//! Texts that begin alike, their common beginnings once.

use std::ops::Range;

use super::ForwardError;

/// Tokens that go on from the beginning of another branch.
///
/// They see what they go on from and what stands before them in their own branch, as if the whole
/// stood in a row of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Branch<'a> {
    /// The place of an earlier branch, and how many tokens come before these: the first of that branch,
    /// counted with all that it goes on from. `None` where the text begins here.
    pub after: Option<(usize, usize)>,
    /// At least one token.
    pub tokens: &'a [u32],
}

/// What the tokens of branches, laid out one after the other, see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Branches {
    /// The branch of each token.
    branch_of: Vec<u32>,
    ways: Vec<Way>,
}

/// One branch.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Way {
    /// Tokens from the beginning of the text on, ascending; the last range is the branch's own.
    ranges: Vec<Range<usize>>,
    /// Number of tokens before its own.
    before: usize,
}

impl Branches {
    /// # Errors
    /// [`ForwardError::Empty`] for a branch without tokens, [`ForwardError::Branch`] for one that goes on
    /// from what is not there.
    pub(super) fn new(branches: &[Branch<'_>]) -> Result<Self, ForwardError> {
        let mut ways: Vec<Way> = Vec::with_capacity(branches.len());
        let mut branch_of = Vec::new();
        for (at, branch) in branches.iter().enumerate() {
            if branch.tokens.is_empty() {
                return Err(ForwardError::Empty {
                    found: format!("none in branch {at}"),
                });
            }
            let start = branch_of.len();
            branch_of.resize(start + branch.tokens.len(), at as u32);
            let (mut ranges, before) = match branch.after {
                None => (Vec::new(), 0),
                Some((of, tokens)) => {
                    let first = ways.get(of).and_then(|way| way.first(tokens));
                    let first = first.ok_or(ForwardError::Branch {
                        branch: at,
                        of,
                        tokens,
                    })?;
                    (first, tokens)
                }
            };
            ranges.push(start..branch_of.len());
            ways.push(Way { ranges, before });
        }
        Ok(Self { branch_of, ways })
    }

    /// The position of each token in its text.
    pub(super) fn positions(&self) -> Vec<u32> {
        let own = self.ways.iter().flat_map(|way| {
            let end = way.before + way.own().len();
            way.before as u32..end as u32
        });
        own.collect()
    }

    /// Tokens of the longest text.
    pub(super) fn longest(&self) -> usize {
        let lengths = self.ways.iter().map(|way| way.before + way.own().len());
        lengths.max().unwrap_or(0)
    }

    /// Whether every text begins in the branch that it ends in.
    pub(super) fn are_apart(&self) -> bool {
        self.ways.iter().all(|way| way.before == 0)
    }

    /// All tokens of the branch of the token at `place`.
    pub(super) fn own(&self, place: usize) -> Range<usize> {
        self.ways[self.branch_of[place] as usize].own()
    }

    /// Adds the ranges of what the token at `place` sees: itself and what comes before it, at most
    /// `window` tokens.
    pub(super) fn seen(&self, place: usize, window: Option<usize>, into: &mut Vec<Range<usize>>) {
        let way = &self.ways[self.branch_of[place] as usize];
        let own = way.own();
        let all = way.before + place + 1 - own.start;
        let mut unseen = window.map_or(0, |width| all.saturating_sub(width));
        for range in &way.ranges {
            let end = range.end.min(place + 1);
            let skipped = unseen.min(end - range.start);
            unseen -= skipped;
            if range.start + skipped < end {
                into.push(range.start + skipped..end);
            }
        }
    }
}

impl Way {
    fn own(&self) -> Range<usize> {
        self.ranges.last().cloned().unwrap_or_default()
    }

    /// The ranges of its first tokens, if it has as many.
    fn first(&self, mut tokens: usize) -> Option<Vec<Range<usize>>> {
        let mut first = Vec::with_capacity(self.ranges.len());
        for range in &self.ranges {
            if tokens == 0 {
                break;
            }
            let taken = tokens.min(range.len());
            first.push(range.start..range.start + taken);
            tokens -= taken;
        }
        (tokens == 0).then_some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(after: Option<(usize, usize)>, tokens: &[u32]) -> Branch<'_> {
        Branch { after, tokens }
    }

    #[test]
    fn tokens_see_the_way_from_the_beginning_of_their_text() {
        let branches = Branches::new(&[
            branch(None, &[1, 2, 3]),
            branch(Some((0, 2)), &[4, 5]),
            branch(Some((1, 3)), &[6]),
            branch(None, &[7]),
        ]);
        let branches = branches.unwrap();
        assert_eq!(branches.positions(), [0, 1, 2, 2, 3, 3, 0]);
        assert_eq!(branches.longest(), 4);
        let seen = |place, window| {
            let mut ranges = Vec::new();
            branches.seen(place, window, &mut ranges);
            ranges
        };
        assert_eq!(seen(1, None).first(), Some(&(0..2)));
        assert_eq!(seen(4, None), [0..2, 3..5]);
        assert_eq!(seen(5, None), [0..2, 3..4, 5..6]);
        assert_eq!(seen(6, None).first(), Some(&(6..7)));
        assert_eq!(seen(5, Some(3)), [1..2, 3..4, 5..6]);
        assert_eq!(seen(5, Some(1)).first(), Some(&(5..6)));
        assert_eq!([1, 4, 6].map(|place| seen(place, None).len()), [1, 2, 1]);
        assert!(!branches.are_apart());
    }

    #[test]
    fn branches_of_what_is_not_there_are_refused() {
        for faulty in [
            vec![branch(None, &[])],
            vec![branch(Some((0, 0)), &[1])],
            vec![branch(None, &[1]), branch(Some((0, 2)), &[1])],
            vec![branch(None, &[1]), branch(Some((1, 1)), &[1])],
        ] {
            assert!(Branches::new(&faulty).is_err(), "{faulty:?}");
        }
        let anew = Branches::new(&[branch(None, &[1]), branch(Some((0, 0)), &[1])]).unwrap();
        assert!(anew.are_apart());
    }
}
