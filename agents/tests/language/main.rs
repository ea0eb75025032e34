//! Whole visits of agents that speak through a scripted language model, through the real engine.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

mod golden;
mod harness;
mod injection;
mod patient;
mod replies;
