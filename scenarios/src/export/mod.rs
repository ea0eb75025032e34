//! Finished runs in the formats of other programs.
//!
//! One format now: the log of Inspect AI (`.eval`, a ZIP of JSON members, or `.json`), which its
//! own reader, viewer and data frames take. An arm of a run is one log, an episode one sample.
//! Samples are written one after the other, so a large run needs little memory.
//!
//! # Determinism
//! The same run gives the same bytes: ids are hashes, and times are those of the simulation.
//!
//! # Source
//! The log format, version 2, is read off the models of the Python package `inspect-ai` 0.3.285.

mod calls;
mod checks;
mod events;
mod facts;
mod gate;
mod header;
mod ids;
mod log;
mod messages;
mod sample;
mod scores;
mod sink;
mod time;

pub(crate) use log::vacant;
pub use log::{Exported, export_inspect};
pub use sink::LogFormat;
