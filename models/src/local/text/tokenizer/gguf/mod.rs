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
