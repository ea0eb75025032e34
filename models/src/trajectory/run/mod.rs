//! How programs run: over chunks of sequences, each alone on one thread, in buffers that are used again.

mod frame;
mod prepared;
mod tape;

pub(super) use frame::{Backward, Context, Frame, Span};
pub(super) use prepared::{Direction, Prepared};
pub(super) use tape::{Tape, cut};
