//! Conversations.
mod builtin;
pub use builtin::CHATML;
