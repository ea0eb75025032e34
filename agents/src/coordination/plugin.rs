//! The family as a plugin of the engine.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::coordination::{Class, CommGraph, CoordinationFactory, Ground, Scene};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::{CoordinationError, Coordinator, Oracle, Population, Traffic};
use rounds_policies::language::Situation;

use super::asked::{Asked, Asking, traffic};
use super::group::{Agent, Chooser, Coordination, Played, Reference};
use super::record::{Positions, begin};
use super::round;
use crate::engine::{
    AgentOf, Decided, Decisions, DecisionsPlugin, Episode, EpisodeFailure, EpisodeLog, Group,
    GroupOf, Identity, MemberOf, Phase, RunContext, Spawner, Tick,
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

/// Who chooses the actions.
#[derive(Clone)]
pub enum Choosing {
    /// Agents of a method, made for each episode.
    Method(Make),
    /// Agents that are asked.
    Asked(Asked),
}

impl From<Make> for Choosing {
    fn from(make: Make) -> Self {
        Self::Method(make)
    }
}

impl Choosing {
    /// Agents that are asked, where they are.
    pub(crate) fn asked(&self) -> Option<&Asked> {
        match self {
            Self::Method(_) => None,
            Self::Asked(asked) => Some(asked),
        }
    }

    /// Who chooses in an episode, the agents' own sides, and the rest of what was made. `asking`
    /// makes what agents that are asked need.
    pub(crate) fn make(
        &self,
        setting: &Setting<'_>,
        asking: impl FnOnce(&Asked) -> Asking,
    ) -> Result<MadeChooser, CoordinationError> {
        let make = match self {
            Self::Method(make) => make,
            Self::Asked(asked) => {
                return Ok(MadeChooser {
                    chooser: Chooser::Asked(asking(asked)),
                    coordinators: Vec::new(),
                    traffic: traffic(setting.graph),
                    lag: 0,
                });
            }
        };
        let Made {
            population,
            traffic,
            lag,
        } = make(setting)?;
        let (coordinators, chooser) = match population {
            Population::Online {
                coordinators,
                board,
            } => (coordinators, Chooser::Agents(board)),
            Population::Oracle(oracle) => (Vec::new(), Chooser::Oracle(oracle)),
        };
        Ok(MadeChooser {
            chooser,
            coordinators,
            traffic,
            lag,
        })
    }
}

/// Who chooses in an episode.
pub(crate) struct MadeChooser {
    pub(crate) chooser: Chooser,
    /// The agents' own sides; none where nobody has one.
    pub(crate) coordinators: Vec<Box<dyn Coordinator>>,
    pub(crate) traffic: Traffic,
    /// Rounds by which the objective reaches them late.
    pub(crate) lag: u32,
}

/// Adds the scenes that `factory` makes, one an episode, with agents of one kind.
#[derive(Clone)]
pub struct CoordinationPlugin {
    /// Makes the scenes.
    pub factory: Arc<dyn CoordinationFactory>,
    /// Who chooses the actions.
    pub choosing: Choosing,
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
        let asking = |asked: &Asked| Asking::of_world(&*scene.world, asked.history);
        self.choosing.make(&setting, asking).map_err(fault)?;
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
                    round::reveal.in_set(Phase::Act),
                    (round::learn, round::apply).chain().in_set(Phase::Advance),
                ),
            );
        match &self.choosing {
            Choosing::Method(_) => app.add_systems(Tick, round::choose.in_set(Phase::Decide)),
            Choosing::Asked(asked) => app
                .add_plugins(DecisionsPlugin::<Situation, Option<u32>>::default())
                .insert_resource(Decisions::new(vec![asked.decider.clone()]))
                .add_systems(
                    Tick,
                    (
                        round::ask.in_set(Phase::Perceive),
                        round::take_answers.in_set(Phase::Act).before(round::reveal),
                    ),
                ),
        };
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
    let asking = |asked: &Asked| Asking::of_world(&*scene.world, asked.history);
    let MadeChooser {
        chooser,
        coordinators,
        traffic,
        lag,
    } = family.choosing.make(&setting, asking).map_err(fault)?;
    let yardstick = family.yardstick.as_ref().map(|make| make(&setting));
    let yardstick = yardstick.transpose().map_err(fault)?;
    let asked = family.choosing.asked().is_some();
    let summary = vec![0.0; setting.summary_len];
    let marginals = [(); 2].map(|()| vec![0.0; setting.ground.most_actions()]);
    let measures = scene.world.measures().len();
    let horizon = setting.horizon;
    if let Some(mut log) = world.get_mut::<EpisodeLog>(entity) {
        begin(&mut log.0, &scene.configuration, &setting, asked);
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
                chosen: false,
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
    if asked {
        world
            .entity_mut(group)
            .insert(Decided::<Option<u32>>::default());
    }
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
