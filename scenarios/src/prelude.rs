//! What an environment and a policy of one's own need.
//!
//! ```
//! use rounds::prelude::*;
//! ```

pub use rand::RngExt;
pub use rounds_environments::environment::{
    Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
pub use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
pub use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
pub use rounds_policies::policy::{Ask, Decider, Decisions, Policy, PolicyError};
pub use rounds_policies::random::{Fixed, RandomChoice};
pub use serde_json::{Value, json};

pub use crate::coordination::Coordinated;
pub use crate::report::text_table;
pub use crate::run::run_arms;
pub use crate::stepped::Stepped;
pub use crate::testkit;
