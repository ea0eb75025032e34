//! A reply depends on its request alone: not on company, order, cache, sizes of passes or threads.
#![cfg(feature = "local")]
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test fails by panic and tells what it compared"
)]

mod compositions;
mod device;
mod forced;
mod gguf;
mod limits;
mod place;
mod requests;
