//! The loop.

mod run;
mod step;

pub use run::{Outcome, Trainer};
