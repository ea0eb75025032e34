//! GGUF files: models of llama.cpp and its kin, quantised or not.
//!
//! Supported architectures are those of [`Architecture`](crate::local::transformer::Architecture);
//! Mistral's models call themselves `llama` in these files. Values that llama.cpp stores in
//! its own way are turned into Hugging Face's: the rotating dimensions of Llama's query and key heads lie
//! interleaved in the file, Gemma's norms have their 1 added, Llama 3's stretched frequencies are a tensor.

mod error;
mod metadata;
mod names;
mod reading;
mod tokenizer;
mod writing;

pub use error::GgufError;
pub use reading::{Gguf, GgufWeights, read_gguf};
pub use tokenizer::GgufTokenizer;
pub use writing::write_gguf;
