//! Multi-agent simulation framework: scenario files, runner, statistics, reports and the command
//! line.
//!
//! A library user needs [`run`] to execute an experiment into a run directory, [`statistics`] for
//! intervals and comparisons, and the engine, policies and environments that are re-exported here.

pub use {
    rounds_agents as agents, rounds_environments as environments, rounds_models as models,
    rounds_policies as policies,
};

pub mod branch;
pub mod cli;
pub mod clinic;
pub mod clinic_day;
pub mod compare;
pub mod coordination;
pub mod describe;
pub mod editor;
pub mod evaluate;
pub mod export;
pub mod family;
mod hash;
pub mod leaderboard;
pub mod plan;
pub mod predicate;
pub mod prelude;
pub mod report;
pub mod review;
pub mod run;
pub mod schema;
pub mod skeleton;
pub mod speech;
pub mod statistics;
pub mod stepped;
pub mod testkit;
#[cfg(feature = "local")]
pub mod training;
pub mod trajectory;
