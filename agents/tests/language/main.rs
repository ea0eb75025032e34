//! Whole visits of agents that speak through a scripted language model, through the real engine.

mod golden;
mod harness;
mod injection;
mod patient;
mod replies;
