//! How a language model is asked for actions.

use crate::spoken::SpokenOptions;

/// How a language model is asked for actions.
#[derive(Debug, Clone)]
pub struct LanguageOptions {
    /// How it is spoken to.
    pub spoken: SpokenOptions,
    /// How often a reply that cannot be used is asked for again, with what was wrong.
    pub re_asks: u32,
    /// How many of its own last steps an agent is shown.
    pub history: u32,
}

impl Default for LanguageOptions {
    /// Two re-asks and three steps of history, which are inferred.
    fn default() -> Self {
        Self {
            spoken: SpokenOptions::default(),
            re_asks: 2,
            history: 3,
        }
    }
}
