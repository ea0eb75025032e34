//! What can go wrong with a server that speaks the protocol of OpenAI.

use std::fmt;

use crate::request::Usage;

/// Why an attempt got no usable reply. No text in it holds a key.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenAiFault {
    /// The key was to come from an environment variable that is not set.
    #[error("no key: the environment variable {variable} is not set or empty")]
    NoKey {
        /// The variable.
        variable: String,
    },
    /// The key cannot stand in a header.
    #[error("the key holds characters that no key has (expected visible ASCII characters alone)")]
    BadKey,
    /// The base URL cannot be used.
    #[error("base URL {url:?}: expected http://HOST[:PORT]/PATH or https://…, got {why}")]
    BadUrl {
        /// The URL as given; `***` where it could hold a password.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// An option is out of its range.
    #[error("{option}: expected {expected}, got {got}")]
    BadOption {
        /// The option.
        option: &'static str,
        /// What it may be.
        expected: &'static str,
        /// What it is.
        got: String,
    },
    /// The HTTP client cannot be set up.
    #[error("the HTTP client cannot be set up: {why}")]
    Client {
        /// Why.
        why: String,
    },
    /// No connection.
    #[error("{url} cannot be reached: {why}")]
    Unreachable {
        /// The base URL.
        url: String,
        /// The system's words.
        why: String,
    },
    /// The server's certificate is not to be trusted.
    #[error("the certificate of {url} is not trusted: {why}")]
    Certificate {
        /// The base URL.
        url: String,
        /// Why.
        why: String,
    },
    /// The connection ended before the reply was whole.
    #[error("the connection was dropped before the reply was whole: {why}")]
    Dropped {
        /// The system's words.
        why: String,
    },
    /// No whole reply in time.
    #[error("no whole reply within {after_s} s ({came})")]
    Late {
        /// How long was waited, in seconds.
        after_s: f64,
        /// How much of the reply had come.
        came: Came,
    },
    /// The reply is longer than allowed.
    #[error("the reply is longer than {most} bytes")]
    Endless {
        /// Most bytes of a reply.
        most: usize,
    },
    /// Too many requests or tokens for now.
    #[error("rate limit{}: {message}", wait(*retry_after_s))]
    RateLimited {
        /// What the server said.
        message: String,
        /// How long it asked to wait, in seconds.
        retry_after_s: Option<f64>,
    },
    /// The account is used up: waiting does not help.
    #[error("the quota is used up: {message}")]
    Quota {
        /// What the server said.
        message: String,
    },
    /// The server failed or is overloaded.
    #[error("the server failed with status {status}{}: {message}", wait(*retry_after_s))]
    Server {
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
        /// How long it asked to wait, in seconds.
        retry_after_s: Option<f64>,
    },
    /// The server does not take the key.
    #[error("the server does not take the key (status {status}): {message}")]
    Unauthorized {
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The server does not know the model.
    #[error("the server does not know the model {model:?}: {message}")]
    UnknownModel {
        /// The model.
        model: String,
        /// What the server said.
        message: String,
    },
    /// The server has nothing under this URL.
    #[error("nothing is served at {url}/chat/completions (status {status}): {message}")]
    NotFound {
        /// The base URL.
        url: String,
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The prompt does not fit the context of the model.
    #[error("the prompt is longer than the context of the model: {message}")]
    TooLong {
        /// What the server said.
        message: String,
    },
    /// The server refuses the request as it is.
    #[error("the server rejected the request (status {status}): {message}")]
    Rejected {
        /// HTTP status.
        status: u16,
        /// What the server said.
        message: String,
    },
    /// The reply is no whole JSON.
    #[error("the reply is no JSON ({why}): {beginning:?}")]
    NotJson {
        /// Where and why.
        why: String,
        /// The beginning of the reply.
        beginning: String,
    },
    /// The reply is JSON of another shape.
    #[error("expected a chat completion, got another reply ({why})")]
    Unexpected {
        /// What is missing or wrong.
        why: String,
    },
    /// The reply holds no choice.
    #[error("the reply has no choices")]
    NoChoices,
    /// The model refuses to answer.
    #[error("the model refuses to answer: {message}")]
    Refused {
        /// Its words, or the reason that the server gives.
        message: String,
    },
    /// The text was cut off, and what is there is no whole JSON.
    #[error("the reply was cut off at {max_tokens} tokens")]
    CutOff {
        /// Most tokens of the reply.
        max_tokens: u32,
    },
}

/// How much of a reply had come in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Came {
    /// Nothing.
    Nothing,
    /// The head and so many bytes of the body.
    Body(usize),
}

impl fmt::Display for Came {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("nothing came"),
            Self::Body(bytes) => write!(f, "{bytes} bytes of the body came"),
        }
    }
}

fn wait(retry_after_s: Option<f64>) -> String {
    retry_after_s.map_or_else(String::new, |seconds| format!(" (wait {seconds} s)"))
}

impl OpenAiFault {
    /// Whether the same request can get a reply at another time.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Dropped { .. }
                | Self::Late { .. }
                | Self::RateLimited { .. }
                | Self::Server { .. }
                | Self::NotJson { .. }
                | Self::NoChoices
        )
    }

    /// The kind of fault as one word, for counts and logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NoKey { .. } => "no_key",
            Self::BadKey => "bad_key",
            Self::BadUrl { .. } => "bad_url",
            Self::BadOption { .. } => "bad_option",
            Self::Client { .. } => "client",
            Self::Unreachable { .. } => "unreachable",
            Self::Certificate { .. } => "certificate",
            Self::Dropped { .. } => "dropped",
            Self::Late { .. } => "late",
            Self::Endless { .. } => "endless",
            Self::RateLimited { .. } => "rate_limited",
            Self::Quota { .. } => "quota",
            Self::Server { .. } => "server",
            Self::Unauthorized { .. } => "unauthorized",
            Self::UnknownModel { .. } => "unknown_model",
            Self::NotFound { .. } => "not_found",
            Self::TooLong { .. } => "too_long",
            Self::Rejected { .. } => "rejected",
            Self::NotJson { .. } => "not_json",
            Self::Unexpected { .. } => "unexpected",
            Self::NoChoices => "no_choices",
            Self::Refused { .. } => "refused",
            Self::CutOff { .. } => "cut_off",
        }
    }

    /// How long the server asked to wait, in seconds.
    pub fn retry_after_s(&self) -> Option<f64> {
        match self {
            Self::RateLimited { retry_after_s, .. } | Self::Server { retry_after_s, .. } => {
                *retry_after_s
            }
            _ => None,
        }
    }
}

/// An attempt that was followed by another one of the same request.
#[derive(Debug, Clone, PartialEq)]
pub struct FailedAttempt {
    /// What went wrong.
    pub fault: OpenAiFault,
    /// What it used all the same.
    pub usage: Usage,
    /// Wall time of this attempt in milliseconds.
    pub latency_ms: f64,
}

/// A request that got no reply in any of its attempts.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenAiFailure {
    /// What went wrong in the last attempt.
    pub fault: OpenAiFault,
    /// What the last attempt used.
    pub usage: Usage,
    /// The attempts before it.
    pub earlier: Vec<FailedAttempt>,
}

impl fmt::Display for OpenAiFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(f)?;
        match self.earlier.len() {
            0 => Ok(()),
            earlier => write!(f, " (attempt {})", earlier + 1),
        }
    }
}
