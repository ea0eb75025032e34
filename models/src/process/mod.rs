//! A model that is a program of somebody's own: JSON lines over its standard input and output.
//!
//! One batch of observations is one line, answered by one line of decisions; `docs/process.md`
//! holds the protocol. A program that breaks it, dies or is late is ended and started again, as
//! often as its owner allows, and the batch is asked again; nothing here waits for ever.

mod children;
mod fault;
mod keep;
mod model;
mod running;
mod wire;

pub use children::end_all_processes;
pub use fault::ProcessFault;
pub use model::{ProcessModel, ProcessOptions};
pub use wire::PROTOCOL;
