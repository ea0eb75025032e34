//! From a training file to a model (feature `local`).
//!
//! What a model is trained on is collected first ([`collect`]): visits by rule told as
//! conversations, recorded calls, or text. [`Training`] holds all that the loop needs; its folder
//! holds checkpoints, from which it goes on after an interruption with the bits of an
//! uninterrupted run. The model itself goes to the folder that the file names, with a note of what
//! it was trained on ([`Trained`]), by which it is known whether it is still the one that the file
//! describes.

mod corpus;
mod held_out;
mod prepare;
mod report;
mod start;
mod trained;

pub use corpus::{Corpus, Example, collect};
pub use prepare::{Finished, Training};
pub use report::{Report, write_report};
pub use trained::{TRAINED_SCHEMA, Trained, is_current};
