//! What can be wrong with settings and logits.

/// Settings that describe no way to sample.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SamplingError {
    /// A number is out of its range.
    #[error("{field}: expected {want}, got {got}")]
    OutOfRange {
        /// The setting.
        field: &'static str,
        /// Its value.
        got: f64,
        /// The range.
        want: &'static str,
    },
    /// A bias for a token that the model does not have.
    #[error("logit_bias: token {token} is not in the vocabulary of {vocab} tokens")]
    BiasToken {
        /// The token.
        token: u32,
        /// Size of the model's vocabulary.
        vocab: usize,
    },
}

/// Logits from which no token can be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SampleError {
    /// A logit is not a number or is infinite.
    #[error("logit of token {token} is not finite")]
    NotFinite {
        /// First such token.
        token: usize,
    },
    /// Every token has the logit minus infinity.
    #[error("all {vocab} logits are minus infinity")]
    NoMass {
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// The mask and the biases leave no token.
    #[error("no token is allowed")]
    NothingAllowed,
}
