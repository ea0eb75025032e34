//! Why a GGUF file is refused.

use std::path::PathBuf;

use crate::local::cpu::model::WeightError;
use crate::local::transformer::ConfigError;

/// Why a GGUF file cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GgufError {
    /// The file cannot be opened or created.
    #[error("{}: cannot be opened", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The file is no GGUF file, or is damaged; or it cannot be written.
    #[error("{}: no sound GGUF file", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What the tensor library says.
        #[source]
        source: candle_core::Error,
    },
    /// A key is missing.
    #[error("GGUF key `{0}` is missing")]
    MissingKey(String),
    /// A key holds something else than it should.
    #[error("GGUF key `{key}`: expected {expected}, got {got}")]
    Value {
        /// The key.
        key: String,
        /// What it should hold.
        expected: &'static str,
        /// What it holds.
        got: String,
    },
    /// The file needs something that is not supported.
    #[error("GGUF: {0} is not supported")]
    Unsupported(String),
    /// The configuration is not sound.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A tensor is missing or cannot be read.
    #[error(transparent)]
    Weight(#[from] WeightError),
}
