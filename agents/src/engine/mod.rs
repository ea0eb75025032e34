//! Schedules, episodes, decisions, logs: what every family shares.

mod batch;
mod decide;
mod episode;
mod faults;
mod inbox;
mod ledger;
mod limits;
mod log;
mod phase;
mod world;

pub use decide::{Decided, Decision, Decisions, DecisionsPlugin};
pub use episode::{
    AgentOf, Agents, Awake, Episode, EpisodeClock, EpisodeFailure, EpisodeLog, Group, GroupOf,
    Groups, Identity, MemberOf, Members, Outcome,
};
pub use faults::ReplyFaults;
pub use ledger::RunLedger;
pub use limits::{Caps, Level, LimitHit, Limits, Quantity};
pub use log::{EventLog, EventWriter};
pub use phase::{Activity, Phase, Tick};
pub use world::{
    Engine, EngineError, EngineOptions, EpisodeSource, FinishedEpisode, RunContext, RunSink,
    Spawner,
};
pub(crate) use world::{built, panic_text, quietly, tick_schedule};
