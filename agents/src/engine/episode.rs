//! Episodes, groups and agents as entities and relationships.

use std::borrow::Cow;

use bevy_ecs::prelude::*;
use rounds_environments::clock::Agenda;
use rounds_environments::ids::{AgentId, EpisodeIx, GroupIx};
use rounds_policies::policy::PolicyError;

use super::ledger::EpisodeUse;
use super::limits::LimitHit;
use super::log::EventLog;

/// How an episode ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// By its own rules, forced answers and round limits included.
    Done,
    /// By an error, a panic, garbage, or a call that kept failing.
    Failed(String),
    /// By a server that failed in every attempt: failed as well, and worth another try.
    Unserved(String),
    /// Cut by a budget, a time limit or the user.
    Aborted(String),
    /// Cut by one of the limits of calls, tokens, money, time and rounds: aborted as well.
    Limited(LimitHit),
}

impl Outcome {
    /// `done`, `failed` or `aborted`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed(_) | Self::Unserved(_) => "failed",
            Self::Aborted(_) | Self::Limited(_) => "aborted",
        }
    }

    /// Why, unless done.
    pub fn reason(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Done => None,
            Self::Failed(reason) | Self::Unserved(reason) | Self::Aborted(reason) => {
                Some(Cow::Borrowed(reason))
            }
            Self::Limited(hit) => Some(Cow::Owned(hit.to_string())),
        }
    }
}

impl From<PolicyError> for Outcome {
    /// An episode without a decision has failed, unless the person who decides left.
    fn from(error: PolicyError) -> Self {
        match error {
            PolicyError::Left(why) => Self::Aborted(why),
            error @ PolicyError::Call { passing: true, .. } => Self::Unserved(error.to_string()),
            other => Self::Failed(other.to_string()),
        }
    }
}

/// Why an episode could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct EpisodeFailure(pub String);

/// An episode: an entity with a clock, a log, groups and agents.
#[derive(Component, Debug)]
#[require(EpisodeClock, EpisodeUse)]
pub struct Episode {
    /// Its number in the run.
    pub ix: EpisodeIx,
    /// Requests of its agents that are not decided yet; nothing of the episode acts before this
    /// is 0.
    pub open: u32,
    /// Set once, when it ends.
    pub outcome: Option<Outcome>,
    next_agent: u32,
    next_group: u32,
}

impl Episode {
    /// A fresh episode.
    pub fn new(ix: EpisodeIx) -> Self {
        Self {
            ix,
            open: 0,
            outcome: None,
            next_agent: 0,
            next_group: 0,
        }
    }

    /// The id of the next agent of this episode.
    pub fn new_agent_id(&mut self) -> AgentId {
        self.next_agent += 1;
        AgentId(self.next_agent - 1)
    }

    /// The number of the next group of this episode.
    pub fn new_group_ix(&mut self) -> GroupIx {
        self.next_group += 1;
        GroupIx(self.next_group - 1)
    }

    /// Ends the episode; the first outcome holds.
    pub fn end(&mut self, outcome: Outcome) {
        self.outcome.get_or_insert(outcome);
    }
}

/// Clock of an episode and its scheduled events. An event names what it concerns by a number that
/// the family understands.
#[derive(Component, Debug, Default)]
pub struct EpisodeClock(pub Agenda<u64>);

/// Event lines of an episode.
#[derive(Component, Debug)]
pub struct EpisodeLog(pub EventLog);

/// Marks a group: the number within its episode.
#[derive(Component, Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
#[require(Awake)]
pub struct Group(pub GroupIx);

/// Marks a group that may act: the groups of an episode that awaits decisions sleep, and systems
/// that ask for this marker pass them over. So a tick costs what moves in it, not what waits.
#[derive(Component, Debug, Clone, Copy, Default, PartialEq, Eq)]
#[component(storage = "SparseSet")]
pub struct Awake;

/// Groups that sleep.
pub(super) type Asleep = (With<Group>, Without<Awake>);

/// Name of an agent within its episode, and the index of the decider that decides for it.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Id within the episode.
    pub id: AgentId,
    /// Index of its decider.
    pub decider: usize,
}

/// The episode of a group.
#[derive(Component, Debug)]
#[relationship(relationship_target = Groups)]
pub struct GroupOf(pub Entity);

/// Groups of an episode, in order of creation.
#[derive(Component, Debug)]
#[relationship_target(relationship = GroupOf, linked_spawn)]
pub struct Groups(Vec<Entity>);

/// The episode of an agent.
#[derive(Component, Debug)]
#[relationship(relationship_target = Agents)]
pub struct AgentOf(pub Entity);

/// Agents of an episode, members of groups or not.
#[derive(Component, Debug)]
#[relationship_target(relationship = AgentOf, linked_spawn)]
pub struct Agents(Vec<Entity>);

/// The group that an agent serves now. An agent without it waits for its next group.
#[derive(Component, Debug)]
#[relationship(relationship_target = Members)]
pub struct MemberOf(pub Entity);

/// Members of a group, in team order.
#[derive(Component, Debug)]
#[relationship_target(relationship = MemberOf)]
pub struct Members(Vec<Entity>);
