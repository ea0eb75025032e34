//! Why a source cannot be read.

use std::path::PathBuf;

use crate::clinic::record::OutputError;

/// Why a source of case files cannot be read. Nothing is left in the output folder.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A line of a file is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line, from 1.
        line: u64,
        /// What was expected and found.
        message: String,
    },
    /// A part of a JSON document is not what it should be.
    #[error("{}: {place}: {message}", path.display())]
    Place {
        /// The file.
        path: PathBuf,
        /// Path to the part, such as `entry[3].resource.period`.
        place: String,
        /// What was expected and found.
        message: String,
    },
    /// The file or folder holds no case.
    #[error("{}: {message}", path.display())]
    Nothing {
        /// The file or folder.
        path: PathBuf,
        /// What was expected and found.
        message: String,
    },
    /// The records could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
}
