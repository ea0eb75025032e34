//! State of an episode: the group of coordinating agents, and each agent's own side.

use bevy_ecs::prelude::*;
use rounds_environments::coordination::{CommGraph, CoordinationWorld, Objective};
use rounds_environments::ids::RoundIx;
use rounds_policies::coordination::{Board, CoordinationError, Coordinator, Oracle, Traffic};

use super::asked::Asking;

/// One agent of an online method.
#[derive(Component)]
pub struct Agent(pub Box<dyn Coordinator>);

/// Who chooses in an episode.
pub(crate) enum Chooser {
    /// The agents, each by its component [`Agent`].
    Agents(Board),
    /// One that knows the objective beforehand.
    Oracle(Box<dyn Oracle>),
    /// The agents, each asked for its action.
    Asked(Asking),
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
    pub(crate) curvature: Option<f64>,
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
    /// All have chosen in this round.
    pub(super) chosen: bool,
    pub(super) actions: Vec<Option<u32>>,
    pub(super) played: Played,
    pub(super) measured: Vec<f64>,
    pub(super) summary: Vec<f64>,
    /// Marginals of one agent, and its least ones.
    pub(super) marginals: [Vec<f64>; 2],
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

    /// Whether this round is one of those that the log holds a picture of.
    pub(super) fn is_pictured(&self) -> bool {
        let round = self.round.0;
        self.picture_every > 0
            && (round.is_multiple_of(self.picture_every) || round == 1 || round == self.horizon)
    }

    /// The round that is played or was played last, from 1.
    pub fn round(&self) -> RoundIx {
        self.round
    }
}

/// Gains below this count as zero.
const NOTHING: f64 = 1e-12;

/// Curvature of a submodular function on the whole ground set:
/// `c = 1 - min f(v given V \ v) / f({v})`.
pub(super) fn curvature(
    objective: &dyn Objective,
    summary: &mut [f64],
    [single, least]: &mut [Vec<f64>; 2],
) -> f64 {
    let ground = objective.ground();
    let mut ratio = 1.0_f64;
    for agent in 0..ground.agents() {
        let actions = ground.actions(agent);
        objective.clear(summary);
        objective.marginals(agent, summary, &mut single[..actions]);
        objective.min_marginals(agent, summary, &mut least[..actions]);
        for (single, least) in single[..actions].iter().zip(&least[..actions]) {
            if *single > NOTHING {
                ratio = ratio.min(least / single);
            }
        }
    }
    1.0 - ratio.max(0.0)
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
