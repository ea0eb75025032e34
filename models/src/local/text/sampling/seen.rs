//! The tokens of a conversation, for the penalties.

use std::collections::BTreeMap;

/// Which tokens a prompt and its reply hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Times in the reply; 0 for tokens of the prompt only.
    times: BTreeMap<u32, u32>,
}

impl Seen {
    /// The tokens of `prompt`, and no reply yet.
    pub fn of_prompt(prompt: &[u32]) -> Self {
        Self {
            times: prompt.iter().map(|token| (*token, 0)).collect(),
        }
    }

    /// Adds a token of the reply.
    pub fn push(&mut self, token: u32) {
        *self.times.entry(token).or_default() += 1;
    }

    /// Each token with the times that the reply holds it, in the order of ids.
    pub fn tokens(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.times.iter().map(|(token, times)| (*token, *times))
    }
}
