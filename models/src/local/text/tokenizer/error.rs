//! What can be wrong with a tokenizer.

use std::path::PathBuf;

/// A tokenizer that cannot be read, trained or used with a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenizerError {
    /// A file of the tokenizer cannot be read or written.
    #[error("{path}: file of the tokenizer cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the tokenizer is not the JSON that it should be.
    #[error("{name}: expected JSON")]
    Json {
        /// The file.
        name: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// `tokenizer.json` does not describe a tokenizer.
    #[error("{name}: not a tokenizer: {reason}")]
    Malformed {
        /// The file.
        name: String,
        /// What the library says.
        reason: String,
    },
    /// Tokens of this tokenizer have no bytes of their own.
    #[error(
        "decoder {decoder} is not supported, expected one of byte-level BPE or of SentencePiece \
         (Metaspace, ByteFallback)"
    )]
    Decoder {
        /// The decoder of `tokenizer.json`.
        decoder: String,
    },
    /// A special token that the configuration names is not in the vocabulary.
    #[error("{role} names the token {token:?}, which is not in the vocabulary")]
    UnknownSpecial {
        /// The key of the configuration, such as `eos_token`.
        role: &'static str,
        /// The token.
        token: String,
    },
    /// A token id that the tokenizer does not have.
    #[error("token id {id} is not in the vocabulary of {vocab} tokens")]
    UnknownId {
        /// The id.
        id: u32,
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// The tokenizer has tokens that the model does not know.
    #[error(
        "the model knows {model} tokens, but the tokenizer has token {token:?} with id {id} \
         ({beyond} tokens lie beyond the model's vocabulary)"
    )]
    Vocabulary {
        /// Size of the model's vocabulary.
        model: usize,
        /// First token beyond it.
        token: String,
        /// Its id.
        id: u32,
        /// Number of such tokens.
        beyond: usize,
    },
    /// A text that the tokenizer cannot encode.
    #[error("text cannot be encoded: {reason}")]
    Encode {
        /// What the library says.
        reason: String,
    },
    /// Ids that the tokenizer cannot decode.
    #[error("tokens cannot be decoded: {reason}")]
    Decode {
        /// What the library says.
        reason: String,
    },
    /// A GGUF file with a kind of tokenizer that is not known.
    #[error(
        "{name}: tokenizer.ggml.model is {got}, expected gpt2 (byte-level BPE), llama \
         (SentencePiece), or the key tokenizer.huggingface.json"
    )]
    GgufKind {
        /// The file.
        name: String,
        /// The kind.
        got: String,
    },
    /// A GGUF file whose text is split in a way that is not known.
    #[error("{name}: tokenizer.ggml.pre is {got}, expected one of {known}")]
    GgufSplit {
        /// The file.
        name: String,
        /// The name of the way.
        got: String,
        /// Known names.
        known: String,
    },
    /// Keys of a GGUF file that do not make a tokenizer.
    #[error("{name}: keys of the tokenizer do not fit: {reason}")]
    GgufKeys {
        /// The file.
        name: String,
        /// What is wrong.
        reason: String,
    },
    /// A tokenizer that cannot be trained as asked.
    #[error("tokenizer cannot be trained: {reason}")]
    Training {
        /// Why.
        reason: String,
    },
}
