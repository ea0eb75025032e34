//! The family as a plugin of the engine.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::coordination::{Class, CommGraph, CoordinationFactory, Ground, Scene};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::{CoordinationError, Oracle, Population, Traffic};

use super::group::{Agent, Chooser, Coordination, Played, Reference};
use super::record::{Positions, begin};
use super::round;
use crate::engine::{
    AgentOf, Episode, EpisodeFailure, EpisodeLog, Group, GroupOf, Identity, MemberOf, Phase,
    RunContext, Spawner, Tick,
};

/// What a method is given to make the agents of an episode.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// The elements.
    pub ground: &'a Ground,
    /// Who can talk to whom.
    pub graph: &'a CommGraph,
    /// What is promised of the objectives.
    pub class: Class,
    /// Rounds, `T`.
    pub horizon: u32,
    /// Numbers in a summary of the objective.
    pub summary_len: usize,
}

/// The agents of an episode with what they send and how late they learn.
pub struct Made {
    /// The agents.
    pub population: Population,
    /// What they send in one round.
    pub traffic: Traffic,
    /// Rounds by which the objective reaches them late.
    pub lag: u32,
}

/// Makes the agents of an episode.
pub type Make = Arc<dyn Fn(&Setting<'_>) -> Result<Made, CoordinationError> + Send + Sync>;

/// Makes what the utility of each round is measured against.
pub type Yardstick =
    Arc<dyn Fn(&Setting<'_>) -> Result<Box<dyn Oracle>, CoordinationError> + Send + Sync>;

/// Adds the scenes that `factory` makes, one an episode, with agents of one method.
#[derive(Clone)]
pub struct CoordinationPlugin {
    /// Makes the scenes.
    pub factory: Arc<dyn CoordinationFactory>,
    /// Makes the agents.
    pub make: Make,
    /// What the utility is measured against, where it is.
    pub yardstick: Option<Yardstick>,
    /// Rounds between two pictures in the log; 0 for none.
    pub picture_every: u32,
}

impl CoordinationPlugin {
    /// Makes the agents of the first episode once, so that a setting that cannot be is found before
    /// anything is run.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), EpisodeFailure> {
        let scene = self.factory.reset(RunSeed(0), EpisodeIx(0));
        let scene = scene.map_err(|error| EpisodeFailure(error.to_string()))?;
        let setting = Setting::of(&scene, self.factory.horizon());
        let fault = |error: CoordinationError| EpisodeFailure(error.to_string());
        (self.make)(&setting).map_err(fault)?;
        if let Some(yardstick) = &self.yardstick {
            yardstick(&setting).map_err(fault)?;
        }
        Ok(())
    }
}

impl<'a> Setting<'a> {
    fn of(scene: &'a Scene, horizon: u32) -> Self {
        let objective = scene.world.objective();
        Self {
            ground: scene.world.ground(),
            graph: &scene.graph,
            class: objective.class(),
            horizon,
            summary_len: objective.summary_len(),
        }
    }
}

#[derive(Resource, Clone)]
struct Family(Arc<CoordinationPlugin>);

impl Plugin for CoordinationPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Family(Arc::new(self.clone())))
            .insert_resource(Spawner(Arc::new(spawn)))
            .add_systems(
                Tick,
                (
                    round::choose.in_set(Phase::Decide),
                    round::reveal.in_set(Phase::Act),
                    (round::learn, round::apply).chain().in_set(Phase::Advance),
                ),
            );
    }
}

fn spawn(world: &mut World, entity: Entity, ix: EpisodeIx) -> Result<(), EpisodeFailure> {
    let Family(family) = world.resource::<Family>().clone();
    let seed = world.resource::<RunContext>().seed;
    let scene = family
        .factory
        .reset(seed, ix)
        .map_err(|error| EpisodeFailure(error.to_string()))?;
    let fault = |error: CoordinationError| EpisodeFailure(error.to_string());
    let setting = Setting::of(&scene, family.factory.horizon());
    let agents = setting.ground.agents();
    if setting.graph.agents() != agents {
        return Err(EpisodeFailure(format!(
            "the graph has {} agents, expected {agents}",
            setting.graph.agents()
        )));
    }
    let Made {
        population,
        traffic,
        lag,
    } = (family.make)(&setting).map_err(fault)?;
    let yardstick = family.yardstick.as_ref().map(|make| make(&setting));
    let yardstick = yardstick.transpose().map_err(fault)?;
    let (coordinators, chooser) = match population {
        Population::Online {
            coordinators,
            board,
        } => (coordinators, Chooser::Agents(board)),
        Population::Oracle(oracle) => (Vec::new(), Chooser::Oracle(oracle)),
    };
    let summary = vec![0.0; setting.summary_len];
    let marginals = [(); 2].map(|()| vec![0.0; setting.ground.most_actions()]);
    let measures = scene.world.measures().len();
    let horizon = setting.horizon;
    if let Some(mut log) = world.get_mut::<EpisodeLog>(entity) {
        begin(&mut log.0, &scene.configuration, &setting);
    }
    let Some(mut episode) = world.get_mut::<Episode>(entity) else {
        return Err(EpisodeFailure("the episode has no entity".to_owned()));
    };
    let group = Group(episode.new_group_ix());
    let identities: Vec<Identity> = (0..agents)
        .map(|_| Identity {
            id: episode.new_agent_id(),
            decider: 0,
        })
        .collect();
    let positions = Positions::new(scene.world.picture());
    let group = world
        .spawn((
            group,
            GroupOf(entity),
            Coordination {
                horizon,
                world: scene.world,
                graph: scene.graph,
                chooser,
                reference: yardstick.map(|oracle| Reference::new(oracle, agents)),
                traffic,
                round: RoundIx(0),
                actions: vec![None; agents],
                played: Played::default(),
                measured: vec![0.0; measures],
                summary,
                marginals,
                kept: (0..lag_slots(lag)).map(|_| None).collect(),
                picture_every: family.picture_every,
                positions,
            },
        ))
        .id();
    let mut coordinators = coordinators.into_iter();
    for identity in identities {
        let mut agent = world.spawn((identity, AgentOf(entity), MemberOf(group)));
        if let Some(coordinator) = coordinators.next() {
            agent.insert(Agent(coordinator));
        }
    }
    Ok(())
}

/// Objectives to keep: none where feedback is not late.
fn lag_slots(lag: u32) -> u32 {
    match lag {
        0 => 0,
        lag => lag + 1,
    }
}
