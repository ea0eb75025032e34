//! Sets of tokens.

use toktrie::SimpleVob;

/// A set of allowed tokens: one bit per token id. Ids beyond its length are not allowed.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenMask(SimpleVob);

impl TokenMask {
    /// The empty set over `vocab` tokens.
    pub fn none(vocab: usize) -> Self {
        Self(SimpleVob::alloc(vocab))
    }

    /// Number of ids that it speaks of.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// It speaks of no ids at all.
    pub fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    /// Adds a token; does nothing for ids beyond the length.
    pub fn allow(&mut self, token: u32) {
        if (token as usize) < self.0.len() {
            self.0.set(token as usize, true);
        }
    }

    /// Takes a token out.
    pub fn forbid(&mut self, token: u32) {
        if (token as usize) < self.0.len() {
            self.0.set(token as usize, false);
        }
    }

    /// The token is in the set.
    pub fn allows(&self, token: u32) -> bool {
        (token as usize) < self.0.len() && self.0.get(token as usize)
    }

    /// Number of tokens in the set.
    pub fn count(&self) -> usize {
        self.0.num_set()
    }

    /// The bits, 32 tokens a word, the lowest id in the lowest bit.
    pub fn words(&self) -> &[u32] {
        self.0.as_slice()
    }

    /// Sets the logit of every token outside the set to minus infinity.
    pub fn apply(&self, logits: &mut [f32]) {
        let known = self.len().min(logits.len());
        let (inside, beyond) = logits.split_at_mut(known);
        beyond.fill(f32::NEG_INFINITY);
        for (values, &word) in inside.chunks_mut(32).zip(self.words()) {
            match word {
                u32::MAX => {}
                0 => values.fill(f32::NEG_INFINITY),
                _ => {
                    for (bit, value) in values.iter_mut().enumerate() {
                        if word >> bit & 1 == 0 {
                            *value = f32::NEG_INFINITY;
                        }
                    }
                }
            }
        }
    }
}

impl From<SimpleVob> for TokenMask {
    fn from(bits: SimpleVob) -> Self {
        Self(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_allowed_becomes_minus_infinity_also_beyond_the_mask() {
        let mut mask = TokenMask::none(70);
        for token in (0..32).chain([40, 69, 70, 1000]) {
            mask.allow(token);
        }
        mask.forbid(40);
        mask.forbid(2000);
        let mut logits = vec![1.0_f32; 100];
        mask.apply(&mut logits);
        for (token, logit) in logits.iter().enumerate() {
            let allowed = token < 32 || token == 69;
            assert_eq!(*logit == 1.0, allowed, "{token}");
            assert_eq!(mask.allows(token as u32), allowed, "{token}");
        }
        assert_eq!(mask.count(), 33);
    }
}
