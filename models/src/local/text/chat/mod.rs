//! Conversations to prompts and training examples.
//!
//! A [`ChatTemplate`] is the model's own Jinja template, written as Hugging Face transformers
//! writes it, byte for byte: Python's values and methods, `tojson`, `raise_exception`,
//! `strftime_now`, `{% generation %}`. Time is always the simulation's, never the machine's.
//! A [`Chat`] joins it with the tokenizer, and keeps the words of a conversation from becoming
//! special tokens.

mod builtin;
mod calendar;
mod conversation;
mod environment;
mod error;
mod guard;
mod json;
mod marks;
mod python;
mod source;
mod spans;
mod template;

pub use builtin::{BUILTIN, CHATML, PLAIN, builtin};
pub use conversation::{Chat, TrainingExample};
pub use error::ChatError;
pub use source::TemplateSource;
pub use spans::Rendered;
pub use template::{ChatTemplate, RenderRequest};
