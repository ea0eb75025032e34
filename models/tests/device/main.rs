//! Inference on tensors of a device: golden vectors, agreement with the processor's own model, scheduling.
//!
//! The device is the processor, or what `ROUNDS_DEVICE` names (`cuda:0`) in a build with the feature `cuda`.
#![cfg(feature = "local")]
#![expect(
    clippy::print_stdout,
    reason = "the tests say how many cases they read and how large errors are"
)]

mod agreement;
mod golden;
#[path = "../shared/golden_files.rs"]
mod golden_files;
#[path = "../shared/golden_passes.rs"]
mod golden_passes;
mod models;
mod scheduling;
mod types;
#[path = "../shared/vectors.rs"]
#[expect(
    dead_code,
    reason = "shared with the tests of the processor's own model, which use more of it"
)]
mod vectors;
