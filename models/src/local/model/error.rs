//! Why a model on this machine cannot be run.

use std::path::PathBuf;

use super::memory::MemoryEstimate;
use crate::local::cpu::{BuildError, CacheError, GgufError};
use crate::local::device::ChoiceError;
use crate::local::text::{SamplingError, TokenizerError};
use crate::local::transformer::LoadError;

/// Why a model on this machine cannot be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// Neither a folder nor a GGUF file.
    #[error("{}: expected a folder with config.json, or a .gguf file, got {got}", path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// What is there.
        got: &'static str,
    },
    /// The weights or the configuration cannot be used.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// The GGUF file cannot be used.
    #[error("{}: {source}", path.display())]
    Gguf {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<GgufError>,
    },
    /// The weights do not make a model.
    #[error("{}: {source}", path.display())]
    Build {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: Box<BuildError>,
    },
    /// The tokenizer cannot be used, or does not belong to the model.
    #[error("{}: {source}", path.display())]
    Tokenizer {
        /// The folder or file.
        path: PathBuf,
        /// Why.
        source: TokenizerError,
    },
    /// Settings of the sampling are out of range.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// The keys and values cannot be held.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The memory does not suffice.
    #[error(
        "the model needs {0}: set a smaller `context`, `cache_tokens` or `sequences`, or take \
         quantised weights"
    )]
    Memory(MemoryEstimate),
    /// The device cannot be had.
    #[error(transparent)]
    Device(#[from] ChoiceError),
    /// The engine could not be started.
    #[error("the engine could not be started: {0}")]
    Engine(String),
}
