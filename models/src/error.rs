//! What can go wrong with a request to a model.

use crate::openai::{FailedAttempt, OpenAiFailure};
use crate::process::ProcessFault;
use crate::request::{CallKey, Usage};

/// Why a request got no reply.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The model took too long.
    #[error("no reply within {after_ms} ms")]
    Timeout {
        /// How long was waited, in milliseconds.
        after_ms: u64,
    },
    /// The model could not be reached or is overloaded.
    #[error("the model is unavailable: {message}")]
    Unavailable {
        /// What the provider said.
        message: String,
    },
    /// The model refused the request as it is.
    #[error("the model rejected the request: {message}")]
    Rejected {
        /// What the provider said.
        message: String,
    },
    /// A rule of a script says that this request fails.
    #[error("scripted failure: {message}")]
    Scripted {
        /// The text of the rule.
        message: String,
        /// Whether the rule calls the failure passing.
        retryable: bool,
    },
    /// No rule of the script fits and it has no default.
    #[error("no rule of the script fits the request {key} and it has no default reply")]
    NoRule {
        /// The request.
        key: CallKey,
    },
    /// The model panicked; only the requests of that batch are lost.
    #[error("the model panicked: {message}")]
    Panicked {
        /// The message of the panic.
        message: String,
    },
    /// The model returned another number of replies than it was asked.
    #[error("expected {expected} replies of a batch, got {got}")]
    WrongCount {
        /// Requests of the batch.
        expected: usize,
        /// Replies that came.
        got: usize,
    },
    /// The recording has no call with this key.
    #[error("the recording has no call {key}")]
    NotRecorded {
        /// The request.
        key: CallKey,
    },
    /// The recording has the call, but it was another request.
    #[error("the call {key} differs from the recorded one: {difference}")]
    Differs {
        /// The request.
        key: CallKey,
        /// The first part that differs, with the recorded and the present value.
        difference: String,
    },
    /// The call failed when it was recorded.
    #[error("{message}")]
    Recorded {
        /// The recorded message.
        message: String,
        /// Whether it was called passing then.
        retryable: bool,
        /// [`ModelError::kind`] of that failure.
        kind: String,
    },
    /// A program that decides failed, also when it was started and asked again.
    #[error("the process failed: {fault} (started again {restarts} times)")]
    Process {
        /// What it did wrong last.
        fault: ProcessFault,
        /// How often it had been started again.
        restarts: u32,
    },
    /// A server that speaks the protocol of OpenAI gave no reply in any attempt. Asking again is
    /// no help: its model has done so where it could help.
    #[error("{0}")]
    OpenAi(Box<OpenAiFailure>),
    /// A model of this machine gave no whole reply. Asking the same again is no help.
    #[error("{message}")]
    Local {
        /// The kind of failure as one word: `too_long`, `cut_off`, `unsupported_schema`,
        /// `template`, `not_finite` or `engine`.
        kind: &'static str,
        /// What is wrong.
        message: String,
        /// What was used all the same.
        usage: Usage,
    },
    /// A person who was asked gave no answer: the run is to be cut.
    #[error("{why}")]
    Unanswered {
        /// Why.
        why: String,
    },
    /// The server ended before the request was answered, or never started.
    #[error("the model server is closed: {reason}")]
    Closed {
        /// Why.
        reason: String,
    },
}

/// Whether a kind of failure is of the server rather than of the request.
pub(crate) fn is_passing(kind: &str) -> bool {
    matches!(
        kind,
        "unreachable"
            | "certificate"
            | "dropped"
            | "late"
            | "rate_limited"
            | "quota"
            | "server"
            | "unauthorized"
            | "unknown_model"
            | "not_found"
            | "not_json"
            | "no_choices"
            | "closed"
    )
}

impl ModelError {
    /// Whether asking again can help.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Timeout { .. } | Self::Unavailable { .. } => true,
            Self::Scripted { retryable, .. } | Self::Recorded { retryable, .. } => *retryable,
            _ => false,
        }
    }

    /// The kind of failure as one word, for counts and logs.
    pub fn kind(&self) -> &str {
        match self {
            Self::Timeout { .. } => "late",
            Self::Unavailable { .. } => "unavailable",
            Self::Rejected { .. } => "rejected",
            Self::Scripted { .. } => "scripted",
            Self::NoRule { .. } => "no_rule",
            Self::Panicked { .. } => "panicked",
            Self::WrongCount { .. } => "wrong_count",
            Self::NotRecorded { .. } => "not_recorded",
            Self::Differs { .. } => "differs",
            Self::Recorded { kind, .. } => kind,
            Self::Process { .. } => "process",
            Self::OpenAi(failure) => failure.fault.kind(),
            Self::Local { kind, .. } => kind,
            Self::Unanswered { .. } => "unanswered",
            Self::Closed { .. } => "closed",
        }
    }

    /// Whether the server failed rather than the request: the same request can get a reply at
    /// another time, when the server is there again or the account is.
    pub fn is_passing(&self) -> bool {
        is_passing(self.kind())
    }

    /// What the model is told where it did answer, but nothing that can be read: it may be asked
    /// again in other words.
    pub fn unreadable(&self) -> Option<&'static str> {
        match self.kind() {
            "cut_off" => Some("Your reply was cut off before its end: answer more shortly."),
            "refused" => Some(
                "You gave no answer. This is a simulation for research: answer in the form that \
                 was asked for.",
            ),
            _ => None,
        }
    }

    /// What the failed call used all the same.
    pub fn usage(&self) -> Usage {
        match self {
            Self::OpenAi(failure) => failure.usage,
            Self::Local { usage, .. } => *usage,
            _ => Usage::default(),
        }
    }

    /// The attempts of the same request before the one that failed last.
    pub fn earlier(&self) -> &[FailedAttempt] {
        match self {
            Self::OpenAi(failure) => &failure.earlier,
            _ => &[],
        }
    }
}
