//! Tokens to text as they come.

mod streaming;

pub use streaming::Detokenizer;
