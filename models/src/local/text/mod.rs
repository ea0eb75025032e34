//! From conversations to token ids and from logits to replies.
//!
//! A [`Chat`] joins a [`Tokenizer`] with the [`ChatTemplate`] of its model and writes prompts and
//! training examples. A [`Sampler`] draws the next token from logits, within what a [`Grammar`]
//! allows; a [`Detokenizer`] turns the tokens into text as they come, and a [`StopWatch`] says
//! where the reply ends.
//! Nothing here knows the weights of a model, only the size of its vocabulary.

pub mod chat;
pub mod detokenizer;
pub mod grammar;
pub mod sampling;
pub mod stop;
pub mod tokenizer;

pub use chat::{
    Chat, ChatError, ChatTemplate, RenderRequest, Rendered, TemplateSource, TrainingExample,
};
pub use detokenizer::Detokenizer;
pub use grammar::{Grammar, GrammarError, GrammarState};
pub use sampling::{
    DrawKey, SampleError, Sampled, Sampler, Sampling, SamplingError, Seen, Step, TokenMask,
};
pub use stop::{StopError, StopReason, StopWatch};
pub use tokenizer::{
    BpeTraining, Encoded, SpecialToken, SpecialTokens, TokenSpan, TokenTable, Tokenizer,
    TokenizerError,
};
