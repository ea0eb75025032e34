//! Models behind servers that speak the protocol of OpenAI.
//!
//! A request becomes one or more attempts, each a single HTTP exchange of ours: neither the client
//! nor the HTTP library repeats anything. Attempts wait for the [`RateLimits`], failed ones are
//! followed by a pause ([`Backoff`], or what the server asks for), and each is kept with its typed
//! [`OpenAiFault`], so that each becomes a record of its own. Keys are [`Secret`]s.

#[cfg(feature = "openai")]
mod attempt;
#[cfg(feature = "openai")]
mod cache;
mod fault;
#[cfg(feature = "openai")]
mod limits;
#[cfg(feature = "openai")]
mod model;
#[cfg(feature = "openai")]
mod options;
#[cfg(feature = "openai")]
mod prices;
#[cfg(feature = "openai")]
mod retry_after;
#[cfg(feature = "openai")]
mod secret;
#[cfg(feature = "openai")]
mod service;
#[cfg(feature = "openai")]
mod status;
#[cfg(feature = "openai")]
mod wire;

#[cfg(feature = "openai")]
pub use attempt::Backoff;
pub use fault::{Came, FailedAttempt, OpenAiFailure, OpenAiFault};
#[cfg(feature = "openai")]
pub use limits::RateLimits;
#[cfg(feature = "openai")]
pub use model::OpenAiModel;
#[cfg(feature = "openai")]
pub use options::{
    Caching, Key, LengthField, OPENAI_KEY_VARIABLE, OPENAI_URL, OPENAI_URL_VARIABLE, OpenAiOptions,
    ResponseFormat,
};
#[cfg(feature = "openai")]
pub use prices::{Price, PriceError, Prices};
#[cfg(feature = "openai")]
pub use secret::Secret;
