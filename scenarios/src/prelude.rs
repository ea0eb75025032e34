//! What an environment and a policy of one's own need, and a population of agents in a space.
//!
//! ```
//! use rounds::prelude::*;
//! ```

pub use rand::RngExt;
// The path that `derive(Component)` takes in a crate without a dependency on bevy_ecs.
pub use rounds_agents::bevy_ecs;
pub use rounds_agents::bevy_ecs::component::Component;
pub use rounds_agents::population::{Agent, At, Population, PopulationError, PopulationModel};
pub use rounds_environments::environment::{
    Describe, Environment, EnvironmentError, EnvironmentFactory, StepOutcome,
};
pub use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
pub use rounds_environments::space::{Cell, ContinuousSpace, GridSpace, Space, SpaceError, Vec2};
pub use rounds_environments::streams::{Purpose, RunSeed, Stream, StreamKey};
pub use rounds_models::{LanguageModel, ModelServer, ScriptedModel, ScriptedRules, ServerOptions};
pub use rounds_policies::language::LanguageOptions;
pub use rounds_policies::policy::{Ask, Decider, Decisions, Policy, PolicyError};
pub use rounds_policies::random::{Fixed, RandomChoice};
pub use serde_json::{Value, json};

pub use crate::coordination::Coordinated;
pub use crate::report::text_table;
pub use crate::run::run_arms;
pub use crate::stepped::Stepped;
pub use crate::testkit;
