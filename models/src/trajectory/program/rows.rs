//! Which tokens of each sequence a value has a row for.
//!
//! A sequence of n steps has the tokens R, s, a of each step but for the last action, which comes after everything that is
//! predicted.

/// The rows of a value, in each sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) enum Tokens {
    /// All tokens.
    All,
    /// The latest tokens, at most so many.
    Tail(usize),
    /// The states.
    States,
    /// Returns and states.
    Pairs,
    /// The last state.
    Last,
    /// The last return and the last state.
    LastPair,
    /// Two slots a step, of the second stream of the graph model.
    Slots,
    /// The last slot.
    LastSlot,
}

/// How many tokens a step has: 3, or 2 without actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trajectory) struct PerStep(pub(in crate::trajectory) usize);

impl PerStep {
    /// Tokens of a sequence.
    fn all(self, steps: usize) -> usize {
        self.0 * steps - (self.0 - 2)
    }

    /// Rows of a sequence.
    pub(in crate::trajectory) fn count(self, tokens: Tokens, steps: usize) -> usize {
        match tokens {
            Tokens::All => self.all(steps),
            Tokens::Tail(most) => most.min(self.all(steps)),
            Tokens::States => steps,
            Tokens::Pairs | Tokens::Slots => 2 * steps,
            Tokens::Last | Tokens::LastSlot => 1,
            Tokens::LastPair => 2,
        }
    }

    /// Place among all tokens, or all slots, of row `row`.
    pub(in crate::trajectory) fn place(self, tokens: Tokens, steps: usize, row: usize) -> usize {
        match tokens {
            Tokens::All | Tokens::Slots => row,
            Tokens::States => self.0 * row + 1,
            Tokens::Pairs => self.0 * (row / 2) + row % 2,
            Tokens::LastSlot => 2 * steps - 1,
            Tokens::Tail(_) | Tokens::Last | Tokens::LastPair => {
                self.all(steps) - self.count(tokens, steps) + row
            }
        }
    }

    /// Row of the token at `place`, which must be one of them.
    pub(in crate::trajectory) fn row(self, tokens: Tokens, steps: usize, place: usize) -> usize {
        match tokens {
            Tokens::All | Tokens::Slots => place,
            Tokens::States => place / self.0,
            Tokens::Pairs => 2 * (place / self.0) + place % self.0,
            Tokens::LastSlot => 0,
            Tokens::Tail(_) | Tokens::Last | Tokens::LastPair => {
                place + self.count(tokens, steps) - self.all(steps)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_places_are_inverse() {
        for per_step in [PerStep(2), PerStep(3)] {
            for steps in 1..5 {
                for tokens in [
                    Tokens::All,
                    Tokens::Tail(1),
                    Tokens::Tail(4),
                    Tokens::States,
                    Tokens::Pairs,
                    Tokens::Last,
                    Tokens::LastPair,
                    Tokens::Slots,
                    Tokens::LastSlot,
                ] {
                    let count = per_step.count(tokens, steps);
                    let places: Vec<usize> = (0..count)
                        .map(|row| per_step.place(tokens, steps, row))
                        .collect();
                    assert!(places.is_sorted() && count > 0);
                    for (row, place) in places.iter().enumerate() {
                        assert_eq!(per_step.row(tokens, steps, *place), row, "{tokens:?}");
                    }
                }
                assert_eq!(
                    per_step.all(steps) - 1,
                    per_step.place(Tokens::Last, steps, 0)
                );
                let last = per_step.place(Tokens::States, steps, steps - 1);
                assert_eq!(last, per_step.place(Tokens::Last, steps, 0));
            }
        }
    }
}
