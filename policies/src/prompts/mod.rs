//! Prompts as template files: what each role of a language model is told, and what data it gets.
//!
//! A role has a system and a user template, `ROLE.system.j2` and `ROLE.user.j2`, which are built
//! in and can be overridden one by one from a folder. Templates are Jinja; they see the variables
//! of their role alone and no file. The system templates get nothing that patients, records or
//! models said, so that record text is always data of the user message.
//!
//! # Source
//! DynamiCare card, section 4 (message contracts).

mod act;
mod clinic;
mod error;
mod library;
mod patient;
mod role;

pub use act::ACT;
pub use clinic::{CONFIDENCE, COORDINATE, DOCTOR, JUDGE, MODERATOR, PROPOSE, SOLO, TRIAGE, VOTE};
pub use error::PromptError;
pub use library::{Prompts, ROLES};
pub use patient::{ANSWER, FALLBACK, INTRODUCE, SUFFICES};
pub use role::{Role, Template, Variable};

#[cfg(test)]
mod tests;
