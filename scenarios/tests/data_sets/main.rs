//! Data sets of episodes by the real binary: played, imported, checked, and refused where they are wrong.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod builds;
mod checked;
mod collected;
#[path = "../program/ends.rs"]
mod ends;
mod imported;
