//! The transformer of local models, through its public API.
#![cfg(feature = "local")]
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read and how near they came"
)]

mod checkpoints;
mod config;
mod golden;
mod gradients;
mod outside;
mod tiny;
