//! Why a configuration is refused.

use super::Architecture;

/// Why a `config.json` or a [`TransformerConfig`](super::TransformerConfig) is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The text is no JSON object.
    #[error("config: expected a JSON object, got {found}")]
    NotAnObject {
        /// What was found.
        found: String,
    },
    /// Nobody here knows this architecture.
    #[error(
        "config: unknown architecture {found}; supported model types are {}",
        supported()
    )]
    UnknownArchitecture {
        /// What `model_type` and `architectures` say.
        found: String,
    },
    /// A key is needed and absent.
    #[error("config: missing key `{key}`, expected {expected}")]
    Missing {
        /// The key of `config.json`.
        key: String,
        /// What should stand there.
        expected: String,
    },
    /// A key has a value that does not fit.
    #[error("config: key `{key}`: expected {expected}, got {found}")]
    Invalid {
        /// The key of `config.json`.
        key: String,
        /// What should stand there.
        expected: String,
        /// What stands there.
        found: String,
    },
}

impl ConfigError {
    pub(crate) fn invalid(
        key: impl Into<String>,
        expected: impl Into<String>,
        found: impl ToString,
    ) -> Self {
        Self::Invalid {
            key: key.into(),
            expected: expected.into(),
            found: found.to_string(),
        }
    }
}

fn supported() -> String {
    let names: Vec<_> = Architecture::ALL.iter().map(|a| a.model_type()).collect();
    names.join(", ")
}
