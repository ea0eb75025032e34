//! Multi-agent online coordination: golden vectors, what is proved of the mathematics, and how the
//! methods behave.

mod behaviour;
mod estimates;
mod extensions;
mod golden;
mod settings;
mod support;
