//! Requests of any length and any time of arrival, answered together.
//!
//! An [`Engine`] takes [`GenerationRequest`]s at any time; each step computes the next tokens of all that
//! are under way in one pass. With the model of the CPU a reply depends on its request alone: not on the
//! company it was computed in, on the order of arrival, on what the cache holds, or on the sizes of
//! passes. On a device the last bits of logits may depend on these.

mod course;
mod request;
mod runner;
mod running;
mod vocabulary;

pub use request::{Form, Generated, GenerationError, GenerationRequest};
pub use running::{Engine, News, Ticket};
pub use vocabulary::Vocabulary;
