//! How agents decide: knowledge-based clinicians, model-backed roles, random and scripted policies.
//!
//! A policy maps observations to actions, batch first. It knows environments and models, and
//! nothing of the world that asks it.
//!
//! Feature `mujoco`: that of `rounds-environments`, for searches and data in its bodies.

pub mod clinic;
pub mod clinic_day;
pub mod coordination;
pub mod described;
pub mod language;
pub mod policy;
pub mod prompts;
pub mod random;
pub mod spoken;
pub mod trajectory;
