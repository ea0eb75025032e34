//! What an engine is asked and what it gives.

use crate::Schema;
use crate::local::text::{
    DrawKey, GrammarError, SampleError, Sampling, SamplingError, StopError, StopReason,
};
use crate::request::TokenLogprob;

/// The form that a reply must have.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Form {
    /// Any text.
    #[default]
    Free,
    /// JSON that satisfies a schema.
    JsonSchema(Schema),
    /// Text that a regular expression matches as a whole.
    Regex(String),
    /// Text of a Lark grammar.
    Lark(String),
}

impl Form {
    /// A reply that is cut off has not the form.
    pub fn is_free(&self) -> bool {
        matches!(self, Self::Free)
    }
}

/// One request to an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerationRequest {
    /// Token ids of the prompt; at least one.
    pub prompt: Vec<u32>,
    /// How tokens are drawn.
    pub sampling: Sampling,
    /// Most tokens of the reply, the one that ends it included.
    pub max_tokens: u64,
    /// Texts that end the reply and do not belong to it.
    pub stop: Vec<String>,
    /// The form of the reply.
    pub form: Form,
    /// Key of the draws: the reply depends on it and on the request alone.
    pub draw: DrawKey,
    /// Whether the log-probabilities of the reply's tokens are wanted.
    pub logprobs: bool,
}

/// A reply.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// The text, without what ended it.
    pub text: String,
    /// Token ids, with the one that ended it.
    pub tokens: Vec<u32>,
    /// The tokens with the natural logarithms of their probabilities under the model's own
    /// distribution; empty where they were not wanted.
    pub logprobs: Vec<TokenLogprob>,
    /// Why it ended.
    pub reason: StopReason,
    /// Tokens of the prompt.
    pub prompt_tokens: u64,
}

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// The prompt has no token.
    #[error("the prompt is empty: expected at least one token")]
    Empty,
    /// The prompt leaves no room for a reply.
    #[error("the prompt has {prompt} tokens, expected at most {most} of a context of {context}")]
    TooLong {
        /// Tokens of the prompt.
        prompt: usize,
        /// Most that leave room for one token of a reply.
        most: usize,
        /// Tokens of prompt and reply together at most.
        context: usize,
    },
    /// A token of the prompt is not in the vocabulary.
    #[error("the prompt holds token {token}, expected tokens below {vocab}")]
    Token {
        /// The token.
        token: u32,
        /// Tokens of the model.
        vocab: usize,
    },
    /// The settings of the sampling are out of range.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// A text that ends the reply is empty.
    #[error(transparent)]
    Stop(#[from] StopError),
    /// The form cannot be kept to.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// No token could be drawn.
    #[error("token {at} of the reply: {source}")]
    Sample {
        /// Place in the reply, from 0.
        at: u64,
        /// Why.
        source: SampleError,
    },
    /// The engine itself failed.
    #[error("the engine failed: {0}")]
    Engine(String),
}
