//! What a program can do wrong.

/// Why an exchange with a program failed. After each of them the program is ended.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProcessFault {
    /// The program could not be started.
    #[error("{program} cannot be started: {why}")]
    Start {
        /// The program.
        program: String,
        /// The system's words.
        why: String,
    },
    /// The program ended, or closed its standard output.
    #[error("it ended ({how}) before it answered{}", said.as_ref().map(|line| format!("; the last line of its standard error: {line}")).unwrap_or_default())]
    Ended {
        /// Its exit status in words.
        how: String,
        /// The last line that it wrote to its standard error.
        said: Option<String>,
    },
    /// No answer within the deadline.
    #[error("no answer to batch {batch} within {after_s} s")]
    Late {
        /// The batch.
        batch: u64,
        /// How long was waited, in seconds.
        after_s: f64,
    },
    /// It answers without reading what it is asked.
    #[error("it does not read its standard input; batch {batch} could not be asked")]
    Deaf {
        /// The batch.
        batch: u64,
    },
    /// The answer is not a line of the protocol.
    #[error("expected a line {{\"batch\": {batch}, \"decisions\": [...]}}, got {got:?} ({why})")]
    Garbage {
        /// The batch that was asked.
        batch: u64,
        /// What is wrong with the line.
        why: String,
        /// The beginning of the line.
        got: String,
    },
    /// A line answers a batch that was answered already.
    #[error("batch {batch} was answered twice")]
    Twice {
        /// That batch.
        batch: u64,
    },
    /// A line answers a batch that was not asked.
    #[error("expected an answer to batch {expected}, got one to batch {got}")]
    WrongBatch {
        /// The batch that was asked.
        expected: u64,
        /// The batch of the answer.
        got: u64,
    },
    /// Another number of decisions than of observations.
    #[error("expected {expected} decisions for batch {batch}, got {got}")]
    Count {
        /// The batch.
        batch: u64,
        /// Observations of the batch.
        expected: usize,
        /// Decisions that came.
        got: usize,
    },
    /// A line of the answer has no end.
    #[error("its answer is longer than {most} bytes without the end of a line")]
    Endless {
        /// Most bytes of a line.
        most: usize,
    },
    /// The run is being ended.
    #[error("the run is being ended")]
    Stopped,
}
