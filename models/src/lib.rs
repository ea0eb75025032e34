//! Models behind policies: requests, replies, scripted and replayed language models.
//!
//! A [`LanguageModel`] answers batches of [`ModelRequest`]s. A [`ModelServer`] runs one model on
//! a thread of its own for many askers at once. [`ScriptedModel`] and [`FnModel`] need no
//! network; [`openai`] asks a server; a [`ProcessModel`] is a program of somebody's own, a
//! [`HumanModel`] a person;
//! [`ReplayModel`] answers from the recorded calls ([`CallRecord`]) of an earlier run.
//! [`training`] is the loop that trains models of any kind; with the feature `local`, `local` holds
//! language models of one's own machine.
//! [`trajectory`] holds models that act by continuing a trajectory, and their gradients.
//! A model knows requests only: no agents, no environment and no ECS entity.

mod call;
mod delay;
mod error;
mod function;
mod human;
#[expect(
    unsafe_code,
    reason = "vector instructions over raw memory; each kernel is tested against plain Rust"
)]
mod kernels;
#[cfg(feature = "local")]
pub mod local;
mod memory;
mod model;
pub mod openai;
mod process;
mod replay;
mod request;
mod schema;
mod scripted;
mod server;
mod spent;
pub mod training;
pub mod trajectory;

pub use call::{CallRecord, first_difference};
pub use delay::Delay;
pub use error::ModelError;
pub use function::FnModel;
pub use human::{Console, Desk, HumanModel, Typed};
pub use kernels::{Level, PackedMatrix, Threads};
pub use model::{Completion, LanguageModel};
pub use process::{PROTOCOL, ProcessFault, ProcessModel, ProcessOptions, end_all_processes};
pub use replay::{Divergence, ReplayError, ReplayModel};
pub use request::{CallKey, Message, ModelReply, ModelRequest, TokenLogprob, Usage, count_words};
pub use schema::Schema;
pub use scripted::{Rule, ScriptError, ScriptedModel, ScriptedRules};
pub use server::{Finished, ModelServer, ServerOptions};
pub use spent::Spent;
