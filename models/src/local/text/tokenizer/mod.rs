//! Texts to token ids and back, as the files of a model say.
//!
//! [`Tokenizer`] reads `tokenizer.json` of Hugging Face with the names of its special tokens.
//! [`TokenTable`] holds the bytes that every token stands for, which is what streaming
//! detokenisation and grammars work on. [`BpeTraining`] makes a tokenizer from texts.
//! [`Tokenizer::from_gguf`] reads the keys of GGUF files.

mod encoding;
mod error;
mod gguf;
mod guarded;
mod phrases;
mod special;
mod table;
mod training;

pub use encoding::{Encoded, Tokenizer};
pub use error::TokenizerError;
pub use phrases::TokenSpan;
pub use special::{SpecialToken, SpecialTokens};
pub use table::TokenTable;
pub use training::BpeTraining;
