use std::error::Error;
use std::io;
use std::path::PathBuf;

/// Why a training run could not start, go on or be resumed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A value of the configuration is out of its range.
    #[error("{key}: expected {want}, got {got}")]
    Config {
        /// Key of the value, dotted.
        key: String,
        /// What is allowed.
        want: String,
        /// What was given.
        got: String,
    },
    /// No plugin of this name is registered.
    #[error("no {stage} is called {name:?}; known: {known}")]
    UnknownPlugin {
        /// Kind of plugin: optimizer, objective or hook.
        stage: &'static str,
        /// Name asked for.
        name: String,
        /// Names registered, with commas between them.
        known: String,
    },
    /// A document cannot be trained on.
    #[error("document {id:?}: {problem}")]
    Document {
        /// Id of the document.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The data hold nothing to train on.
    #[error(
        "no document to train on: {given} given, {held_out} held out, {dropped} without a target"
    )]
    NoDocuments {
        /// Documents given.
        given: usize,
        /// Documents of the held-out set.
        held_out: usize,
        /// Documents without a token in the loss.
        dropped: usize,
    },
    /// A parameter is not what the loop can train.
    #[error("parameter {name}: expected {expected}, got {got}")]
    Parameter {
        /// Name of the parameter.
        name: String,
        /// What is wanted.
        expected: String,
        /// What it is.
        got: String,
    },
    /// A loss or a gradient is not a number any more; the step was not taken.
    #[error("step {step}: {what} is {value}")]
    NotFinite {
        /// The step, counted from 1.
        step: u64,
        /// Which value.
        what: String,
        /// The value.
        value: f64,
    },
    /// The run would need more memory than there is.
    #[error(
        "training needs about {needed_bytes} bytes ({parts}), but only {available_bytes} are available; \
         lower micro_batch or data.length, or train an adapter"
    )]
    Memory {
        /// Estimate of the need.
        needed_bytes: u64,
        /// What the estimate is made of.
        parts: String,
        /// Limit of the configuration or of the machine.
        available_bytes: u64,
    },
    /// A checkpoint belongs to another run.
    #[error("{}: belongs to another run: {}", path.display(), differences.join("; "))]
    OtherRun {
        /// The checkpoint.
        path: PathBuf,
        /// What differs, one entry per key.
        differences: Vec<String>,
    },
    /// The folder holds a checkpoint of a later step than the run is at.
    #[error(
        "{}: is later than step {step}, from which this run would go on: resume it, or give the run \
         a folder of its own", path.display()
    )]
    LaterCheckpoint {
        /// The checkpoint.
        path: PathBuf,
        /// Steps that the run has done.
        step: u64,
    },
    /// A file is not what it should be.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Reading or writing failed.
    #[error("{}: cannot {doing}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A plugin failed.
    #[error("{plugin}: {problem}")]
    Plugin {
        /// Name of the plugin.
        plugin: String,
        /// What happened.
        problem: String,
    },
    /// The model cannot be run on a batch, or its values cannot be reached.
    #[error("the model failed")]
    Model(#[source] Box<dyn Error + Send + Sync>),
}

impl TrainError {
    /// A [`TrainError::File`] of `path`, for `map_err`.
    pub(crate) fn file(
        path: impl Into<PathBuf>,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File {
            path,
            doing,
            source,
        }
    }

    /// A [`TrainError::Config`].
    pub(crate) fn config(
        key: impl Into<String>,
        want: impl Into<String>,
        got: impl ToString,
    ) -> Self {
        Self::Config {
            key: key.into(),
            want: want.into(),
            got: got.to_string(),
        }
    }

    /// A [`TrainError::Damaged`].
    pub(crate) fn damaged(path: impl Into<PathBuf>, problem: impl ToString) -> Self {
        Self::Damaged {
            path: path.into(),
            problem: problem.to_string(),
        }
    }

    /// A [`TrainError::Model`].
    pub(crate) fn model(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Model(Box::new(error))
    }
}
