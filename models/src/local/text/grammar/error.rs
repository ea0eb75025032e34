//! What can be wrong with a grammar.

use crate::local::text::tokenizer::TokenizerError;

/// A form that replies cannot be given, or a token that does not fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrammarError {
    /// A schema has a keyword that cannot be kept by choosing tokens.
    #[error("schema keyword {keyword:?} at {path} is not supported")]
    Keyword {
        /// The keyword.
        keyword: String,
        /// JSON pointer of the schema that has it, from `#`.
        path: String,
    },
    /// A part of a schema has not the form of a schema.
    #[error("schema at {path}: expected {want}")]
    Form {
        /// JSON pointer of the part, from `#`.
        path: String,
        /// What it should be.
        want: &'static str,
    },
    /// The schema, expression or grammar cannot be used.
    #[error("{kind} cannot be used as a grammar: {reason}")]
    Refused {
        /// What it is: `schema`, `regular expression` or `Lark grammar`.
        kind: &'static str,
        /// Why.
        reason: String,
    },
    /// No token ends a reply, so that a grammar could not end one either.
    #[error("no token that ends a reply is known, expected at least one for grammars")]
    NoEos,
    /// A token that ends a reply is not in the vocabulary.
    #[error("token {token} should end replies but is not in the vocabulary of {vocab} tokens")]
    UnknownEos {
        /// The token.
        token: u32,
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// The token does not fit the grammar.
    #[error("token {token} does not fit the grammar")]
    Token {
        /// The token.
        token: u32,
    },
    /// The grammar has become too complex, or its state is broken.
    #[error("grammar failed: {reason}")]
    Failed {
        /// What the library says.
        reason: String,
    },
    /// The tokenizer cannot be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
}
