//! Tokenizers from the keys of GGUF files, and into them.
//!
//! Such a file names how text is split before its tokens (`tokenizer.ggml.pre`), it does not hold
//! it: the expressions are those of llama.cpp and of the models' own `tokenizer.json`. A file
//! with the key `tokenizer.huggingface.json` holds all, and nothing else is looked at.

mod keys;
mod reading;
mod sentencepiece;
mod splits;
mod writing;

use serde_json::Value;

/// Whether the tokenizer that `json` describes parts texts in a way that has a name, all of which
/// keep within words.
pub(super) fn parts_within_words(json: &Value) -> bool {
    splits::Split::of_json(json).is_some()
}
