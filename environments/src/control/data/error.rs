//! Why a data set cannot be used.

use std::fmt;
use std::path::{Path, PathBuf};

/// A step of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Number of the episode, from 0.
    pub episode: usize,
    /// Number of the step in it, from 0.
    pub step: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "episode {}, step {}", self.episode, self.step)
    }
}

/// Why a data set cannot be read, written or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DataError {
    /// What is wrong with a file.
    #[error("data set {}", path.display())]
    In {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<DataError>,
    },
    /// The system would not read or write.
    #[error("the file cannot be read or written")]
    Io(#[from] std::io::Error),
    /// The file is not of its format.
    #[error("{0}")]
    Format(String),
    /// An array that has to be there.
    #[error("array {array} is missing")]
    Missing {
        /// Its name.
        array: &'static str,
    },
    /// An array of another shape.
    #[error("array {array}: expected shape {expected}, got {got:?}")]
    Shape {
        /// Its name.
        array: &'static str,
        /// What shape it should have.
        expected: String,
        /// What shape it has.
        got: Vec<usize>,
    },
    /// The first number that is none.
    #[error(
        "array {array}: expected finite numbers, got {value} in {place}, dimension {dimension}"
    )]
    NotFinite {
        /// Name of the array.
        array: &'static str,
        /// Where it is.
        place: Place,
        /// In which dimension, from 0.
        dimension: usize,
        /// What it is.
        value: f64,
    },
    /// There is nothing to learn from.
    #[error("expected at least one finished episode, got none in {steps} steps")]
    Empty {
        /// Steps that were read.
        steps: usize,
    },
    /// A setting that cannot be.
    #[error("{setting}: {why}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What was expected.
        why: String,
    },
}

impl DataError {
    /// The error as that of a file.
    pub(super) fn at(path: &Path) -> impl FnOnce(Self) -> Self + '_ {
        |source| Self::In {
            path: path.to_owned(),
            source: Box::new(source),
        }
    }

    pub(super) fn setting(setting: &'static str, why: impl Into<String>) -> Self {
        Self::Setting {
            setting,
            why: why.into(),
        }
    }
}
