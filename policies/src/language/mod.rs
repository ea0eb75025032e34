//! Any environment that describes itself, played by a language model.
//!
//! A [`Game`] is what a model has to know: rules, the present situation in words, and the JSON schema
//! of an action. Every environment with [`Describe`](rounds_environments::environment::Describe) is
//! one ([`Described`]), and so is a choice among numbered actions ([`Choices`]), as agents that coordinate
//! have it. [`LanguagePlayer`] asks and reads; `docs/language.md` says what is sent.

mod choices;
mod game;
mod options;
mod player;

pub use choices::{Choices, Situation};
pub use game::{Described, Game};
pub use options::LanguageOptions;
pub use player::LanguagePlayer;
