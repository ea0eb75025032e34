//! State of an episode: the group of coordinating agents, and each agent's own side.

use bevy_ecs::prelude::*;
use rounds_environments::coordination::{CommGraph, CoordinationWorld, Objective};
use rounds_environments::ids::RoundIx;
use rounds_policies::coordination::{Board, CoordinationError, Coordinator, Oracle, Traffic};

/// One agent of an online method.
#[derive(Component)]
pub struct Agent(pub Box<dyn Coordinator>);

/// Who chooses in an episode.
pub(crate) enum Chooser {
    /// The agents, each by its component [`Agent`].
    Agents(Board),
    /// One that knows the objective beforehand.
    Oracle(Box<dyn Oracle>),
}

/// What the utility of each round is measured against.
pub(crate) struct Reference {
    oracle: Box<dyn Oracle>,
    actions: Vec<Option<u32>>,
    before: Vec<Option<u32>>,
}

impl Reference {
    pub(crate) fn new(oracle: Box<dyn Oracle>, agents: usize) -> Self {
        Self {
            oracle,
            actions: vec![None; agents],
            before: vec![None; agents],
        }
    }

    /// Value of its joint action in this round, and how many agents it lets act otherwise than in
    /// the round before: the path length of the comparator.
    pub(crate) fn measure(
        &mut self,
        round: RoundIx,
        objective: &dyn Objective,
        summary: &mut [f64],
    ) -> Result<(f64, u32), CoordinationError> {
        std::mem::swap(&mut self.actions, &mut self.before);
        self.oracle.act(round, objective, &mut self.actions)?;
        let moved = self.actions.iter().zip(&self.before);
        let moved = moved.filter(|(now, before)| now != before).count() as u32;
        let value = value(objective, &self.actions, summary);
        Ok((value, if round.0 <= 1 { 0 } else { moved }))
    }
}

/// Utility and the like of one round.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Played {
    pub(crate) utility: f64,
    pub(crate) best: Option<f64>,
    pub(crate) moved: u32,
}

/// One episode in progress: the group of its agents.
#[derive(Component)]
pub struct Coordination {
    pub(super) world: Box<dyn CoordinationWorld>,
    pub(super) graph: CommGraph,
    pub(super) chooser: Chooser,
    pub(super) reference: Option<Reference>,
    pub(super) traffic: Traffic,
    pub(super) horizon: u32,
    pub(super) round: RoundIx,
    pub(super) actions: Vec<Option<u32>>,
    pub(super) played: Played,
    pub(super) measured: Vec<f64>,
    pub(super) summary: Vec<f64>,
    /// Objectives of earlier rounds, where feedback comes late: that of round `t` at `t % len`.
    pub(super) kept: Vec<Option<Box<dyn Objective>>>,
    /// Rounds between two pictures; 0 for none.
    pub(super) picture_every: u32,
    pub(super) positions: super::record::Positions,
}

impl Coordination {
    /// The joint action of the last round.
    pub fn actions(&self) -> &[Option<u32>] {
        &self.actions
    }

    /// The world.
    pub fn world(&self) -> &dyn CoordinationWorld {
        &*self.world
    }

    /// The round that is played or was played last, from 1.
    pub fn round(&self) -> RoundIx {
        self.round
    }
}

/// `f` of a joint action.
pub(crate) fn value(
    objective: &dyn Objective,
    actions: &[Option<u32>],
    summary: &mut [f64],
) -> f64 {
    objective.clear(summary);
    for (agent, action) in actions.iter().enumerate() {
        if let Some(action) = action {
            let element = objective.ground().element(agent, *action);
            objective.insert(element, summary);
        }
    }
    objective.value(summary)
}
