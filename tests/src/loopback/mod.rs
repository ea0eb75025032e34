//! A chat-completions server on this machine, for tests of what speaks to language models.
//!
//! It speaks the OpenAI chat-completions protocol over HTTP, without streaming, on loopback
//! addresses only. Replies, faults and latencies depend on the request and the settings alone:
//! the same request gets the same body. Replies come from the rules of a scripted model, from
//! the JSON schema of the request, or from rules that come with the server. Faults are drawn for
//! each request and attempt, at rates that the settings give.
//!
//! Departures from the protocol: a token is a word, `created` is a constant, and a request for
//! streaming or for several choices is refused.

mod asked;
mod client;
mod connection;
mod content;
mod draw;
mod faults;
mod instance;
mod journal;
mod problem;
mod reply;
mod serve;
mod server;
mod settings;

pub use client::{Client, Received};
pub use faults::{Fault, FaultPlan};
pub use instance::{InstanceError, instance};
pub use journal::{Counts, Seen};
pub use server::{Loopback, StartError};
pub use settings::{Settings, SettingsError};
