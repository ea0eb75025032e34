//! Why an import failed.

use std::path::PathBuf;

use crate::clinic::record::OutputError;

/// Why an import failed. Nothing is left in the output folder.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// An option has a value that cannot be used.
    #[error("option `{name}` is {got}, expected {expected}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// What was given.
        got: String,
        /// What is expected.
        expected: &'static str,
    },
    /// A file or folder could not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A table that the import needs is not there.
    #[error("{} holds no table {table}: expected {table}.csv or {table}.csv.gz", folder.display())]
    MissingTable {
        /// Name of the table.
        table: String,
        /// Folder of the source.
        folder: PathBuf,
    },
    /// A table has no header.
    #[error("{}: the file is empty, expected a header with the columns of {table}", path.display())]
    EmptyTable {
        /// File of the table.
        path: PathBuf,
        /// Name of the table.
        table: String,
    },
    /// A table lacks a column.
    #[error(
        "{}: table {table} has no column {column}; its columns are {}",
        path.display(),
        found.join(", ")
    )]
    MissingColumn {
        /// File of the table.
        path: PathBuf,
        /// Name of the table.
        table: String,
        /// Name of the column.
        column: String,
        /// The columns found.
        found: Vec<String>,
    },
    /// A line cannot be read as a row of its table.
    #[error("{}:{line}: {message}", path.display())]
    Line {
        /// File of the table.
        path: PathBuf,
        /// Line, from 1, counting line ends inside quotes.
        line: u64,
        /// What was expected and found.
        message: String,
    },
    /// A field holds something else than its column should.
    #[error("{}:{line}: column {column}: expected {expected}, found `{found}`", path.display())]
    Field {
        /// File of the table.
        path: PathBuf,
        /// Line, from 1, counting line ends inside quotes.
        line: u64,
        /// Name of the column.
        column: String,
        /// What is expected.
        expected: &'static str,
        /// What was found.
        found: String,
    },
    /// No admission is left after the filters.
    #[error(
        "the cohort is empty: {within_limit} admissions have at most {max_diagnoses} diagnoses, \
         {with_chartevents} of them pass the filters on newborn, death and chart events; \
         raise max_diagnoses or switch filters off"
    )]
    EmptyCohort {
        /// The limit.
        max_diagnoses: u32,
        /// Admissions within the limit.
        within_limit: u64,
        /// Of these, admissions that pass the filters.
        with_chartevents: u64,
    },
    /// The output folder is in use.
    #[error("{} exists and is not an empty folder; choose another output", path.display())]
    OutputInUse {
        /// The output.
        path: PathBuf,
    },
    /// A file or folder could not be written.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl From<OutputError> for ImportError {
    fn from(error: OutputError) -> Self {
        match error {
            OutputError::InUse { path } => Self::OutputInUse { path },
            OutputError::Read { path, source } => Self::Read { path, source },
            OutputError::Write { path, source } => Self::Write { path, source },
        }
    }
}
