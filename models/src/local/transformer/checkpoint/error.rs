//! Why a folder cannot be loaded or saved.

use std::path::PathBuf;

use crate::local::transformer::config::ConfigError;
use crate::local::transformer::parameters::ParameterError;

/// Why a checkpoint cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// There is no such folder.
    #[error("{}: expected a folder with config.json and model.safetensors, got none", .path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A file of the folder is missing.
    #[error("{}: expected this file, got none", .path.display())]
    NoFile {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("{}: cannot be read", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A file is not what it should be.
    #[error("{}: expected {expected}, got {found}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What it should hold.
        expected: String,
        /// What it holds.
        found: String,
    },
    /// `config.json` is refused.
    #[error("{}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: ConfigError,
    },
    /// A tensor is missing, unexpected or of another shape.
    #[error("{}", .path.display())]
    Tensor {
        /// The file, or the folder where the tensor is in none.
        path: PathBuf,
        /// Which tensor, and how.
        #[source]
        source: ParameterError,
    },
}

/// Why a checkpoint cannot be saved.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// A file or folder cannot be written.
    #[error("{}: cannot be written", .path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A file that should be copied cannot be.
    #[error("{}: cannot be copied", .path.display())]
    Copy {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The configuration is invalid.
    #[error("the configuration cannot be saved")]
    Config(#[source] ConfigError),
    /// The parameters do not fit the configuration.
    #[error("the parameters cannot be saved")]
    Tensor(#[source] ParameterError),
    /// The tensors cannot be written.
    #[error("{}: tensors cannot be written", .path.display())]
    Tensors {
        /// The file.
        path: PathBuf,
        /// What the format's crate says.
        #[source]
        source: safetensors::SafeTensorError,
    },
}
