//! What can be wrong with a chat template.

use std::path::PathBuf;

use crate::local::text::tokenizer::TokenizerError;

/// A conversation that cannot be written as the model wants it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChatError {
    /// The tokenizer brings no chat template.
    #[error(
        "the tokenizer has no chat template: add a file chat_template.jinja to the model's folder, \
         or choose one of the built-in templates chatml, plain"
    )]
    Missing,
    /// No built-in template has this name.
    #[error("chat template {name:?}: expected one of the built-in templates chatml, plain")]
    UnknownBuiltin {
        /// The name.
        name: String,
    },
    /// A file of the template cannot be read.
    #[error("{path}: chat template cannot be read")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// `chat_template` of the tokenizer's configuration has no form that is known.
    #[error("chat_template: expected a string or a list of {{name, template}}, got {got}")]
    Form {
        /// What it is, shortened.
        got: String,
    },
    /// The template is not Jinja.
    #[error("chat template {name:?}, line {line}: {reason}")]
    Syntax {
        /// Name of the template.
        name: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// The template itself refuses the conversation.
    #[error("the chat template refuses the conversation: {message}")]
    Raised {
        /// What it says.
        message: String,
    },
    /// The template fails on the conversation.
    #[error("chat template {name:?}, line {line}: {reason}")]
    Render {
        /// Name of the template.
        name: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        reason: String,
    },
    /// A message cannot be written as JSON.
    #[error("message {index} of the conversation is not JSON")]
    Message {
        /// Place of the message, from 0.
        index: usize,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It cannot be told which parts of the text the assistant says.
    #[error(
        "message {index}: cannot tell which part of the rendered text is the assistant's, mark it \
         with {{% generation %}} in the template"
    )]
    NoSpan {
        /// Place of the message, from 0.
        index: usize,
    },
    /// The text cannot be encoded.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}
