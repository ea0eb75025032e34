//! How far a reply has come in its grammar.

use std::fmt;

use llguidance::Matcher;
use llguidance::api::StopReason;

use super::error::GrammarError;
use crate::local::text::sampling::TokenMask;

/// What one reply may go on with.
///
/// # Determinism
/// The masks depend on the grammar, the tokenizer and the tokens so far only.
pub struct GrammarState {
    matcher: Matcher,
    mask: Option<TokenMask>,
}

impl fmt::Debug for GrammarState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrammarState")
            .field("stopped", &self.is_stopped())
            .finish_non_exhaustive()
    }
}

impl GrammarState {
    pub(super) fn new(matcher: Matcher) -> Self {
        Self {
            matcher,
            mask: None,
        }
    }

    /// The tokens that may come next; those that end a reply are in it only where the reply is
    /// whole. After the end, only these are left.
    ///
    /// # Errors
    /// [`GrammarError::Failed`] when the grammar is too complex for its limits.
    pub fn mask(&mut self) -> Result<&TokenMask, GrammarError> {
        let mask = match self.mask.take() {
            Some(mask) => mask,
            None => {
                let bits =
                    self.matcher
                        .compute_mask_or_eos()
                        .map_err(|error| GrammarError::Failed {
                            reason: format!("{error:#}"),
                        })?;
                TokenMask::from(bits)
            }
        };
        Ok(self.mask.insert(mask))
    }

    /// Goes on with `token`.
    ///
    /// # Errors
    /// [`GrammarError::Token`] when it does not fit; the state is as before.
    /// [`GrammarError::Failed`] when the grammar is too complex for its limits.
    pub fn accept(&mut self, token: u32) -> Result<(), GrammarError> {
        if self.is_stopped() {
            return Err(GrammarError::Token { token });
        }
        match self.matcher.try_consume_tokens(&[token]) {
            Ok(1) => {
                self.mask = None;
                Ok(())
            }
            Ok(_) => Err(GrammarError::Token { token }),
            Err(error) => Err(GrammarError::Failed {
                reason: format!("{error:#}"),
            }),
        }
    }

    /// The tokens so far are a whole reply.
    pub fn is_accepting(&mut self) -> bool {
        match self.matcher.stop_reason() {
            StopReason::NotStopped => self.matcher.is_accepting().unwrap_or(false),
            reason => reason.is_ok(),
        }
    }

    /// Nothing can come any more: the reply is whole and cannot grow, or has ended by a token.
    pub fn is_stopped(&self) -> bool {
        self.matcher.is_stopped()
    }

    /// The token that must come next, none where there is a choice or the library does not see that
    /// there is none. It is the only one of [`mask`](Self::mask), so that accepting it gives the same
    /// reply as sampling it.
    ///
    /// # Errors
    /// [`GrammarError::Failed`] when the grammar is too complex for its limits.
    pub fn forced_token(&mut self) -> Result<Option<u32>, GrammarError> {
        if self.is_stopped() {
            return Ok(None);
        }
        // Cheap beside a mask, which is asked for only to be sure.
        let Some(&token) = self.matcher.compute_ff_tokens().first() else {
            return Ok(None);
        };
        let mask = self.mask()?;
        Ok((mask.allows(token) && mask.count() == 1).then_some(token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::text::Grammar;

    #[test]
    fn grammars_are_shared_and_states_move_between_threads() {
        fn shared<T: Send + Sync>() {}
        fn moved<T: Send>() {}
        shared::<Grammar>();
        moved::<GrammarState>();
    }
}
