//! Inference on the CPU: golden vectors, invariance of the batch, scheduling.
#![cfg(feature = "local")]
#![expect(
    clippy::print_stdout,
    reason = "the golden tests say how many cases they read"
)]

mod damaged;
mod gguf;
mod golden;
#[path = "../shared/golden_files.rs"]
mod golden_files;
#[path = "../shared/golden_passes.rs"]
mod golden_passes;
mod invariance;
mod scheduling;
#[path = "../shared/vectors.rs"]
mod vectors;
