//! Why a trajectory model cannot be made or used.

use std::path::PathBuf;

use rounds_environments::control::data::DataError;

/// Why a trajectory model cannot be made, read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrajectoryError {
    /// A setting that cannot be.
    #[error("{field}: expected {want}, got {got}")]
    Setting {
        /// Its name.
        field: &'static str,
        /// What it is.
        got: String,
        /// What it may be.
        want: String,
    },
    /// An input of another size.
    #[error("{what}: expected {want} numbers, got {got}")]
    Length {
        /// Which input.
        what: &'static str,
        /// How many there should be.
        want: usize,
        /// How many there are.
        got: usize,
    },
    /// A mask that is not padding followed by steps.
    #[error("mask of row {row}: expected zeros followed by at least one 1, got {got} at {at}")]
    Mask {
        /// Row of the batch.
        row: usize,
        /// Place in the row.
        at: usize,
        /// What stands there.
        got: f32,
    },
    /// A tensor that the model needs.
    #[error("tensor {name} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A tensor that the model does not know.
    #[error("tensor {name} is not one of this model")]
    Unknown {
        /// Its name.
        name: String,
    },
    /// A tensor of another shape.
    #[error("tensor {name}: expected shape {want:?}, got {got:?}")]
    Shape {
        /// Its name.
        name: String,
        /// What shape it should have.
        want: Vec<usize>,
        /// What shape it has.
        got: Vec<usize>,
    },
    /// A model for another environment.
    #[error("{what}: the model has {model}, the environment {environment:?} has {got}")]
    Space {
        /// What differs.
        what: &'static str,
        /// Size in the model.
        model: usize,
        /// Name of the environment.
        environment: String,
        /// Size in the environment.
        got: usize,
    },
    /// A file that is not of its format.
    #[error("model {}: {why}", path.display())]
    Format {
        /// The file.
        path: PathBuf,
        /// What was expected.
        why: String,
    },
    /// The system would not read or write.
    #[error("model {} cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of weights that does not say what they are of.
    #[error("{}: holds weights without a header of ours", path.display())]
    Untold {
        /// The file.
        path: PathBuf,
    },
    /// Episodes that cannot be cut into rows.
    #[error(transparent)]
    Data(#[from] DataError),
    /// What is wrong with a file's tensors or settings.
    #[error("model {}", path.display())]
    In {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: Box<TrajectoryError>,
    },
}

impl TrajectoryError {
    pub(super) fn setting(
        field: &'static str,
        got: impl ToString,
        want: impl Into<String>,
    ) -> Self {
        Self::Setting {
            field,
            got: got.to_string(),
            want: want.into(),
        }
    }
}
