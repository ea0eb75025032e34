//! Training loops over tiny models: they learn, and end with the same bits however they were
//! interrupted.
#![cfg(feature = "local")]
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod faults;
mod learning;
mod model;
mod resuming;
mod transformer;
