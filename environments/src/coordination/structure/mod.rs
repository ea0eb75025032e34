//! What a set function on a small ground set is like, found by looking at all pairs of sets, and
//! which guarantees follow.
//!
//! # Source
//! MA-OC card, sections 2 and 12.

mod guarantee;
mod optimum;
mod ratios;

pub use guarantee::{Condition, Growth, Guarantee, Promise, Refusal};
pub use optimum::{Optimum, optimum};
pub(super) use ratios::class_of_table;
pub use ratios::{Extreme, Pair, Structure, StructureError};
