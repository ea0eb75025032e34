//! The transformer of local models, through its public API.
#![cfg(feature = "local")]
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read and how near they came"
)]

#[cfg(test)]
mod branches;
#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod config;
#[cfg(test)]
mod golden;
#[cfg(test)]
#[path = "../shared/golden_files.rs"]
mod golden_files;
#[cfg(test)]
mod gradients;
#[cfg(test)]
mod outside;
#[cfg(test)]
mod tiny;
