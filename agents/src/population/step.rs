//! One step of a population as a system of the world.

use bevy_ecs::prelude::*;
use rounds_environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds_environments::space::{Space, shuffle};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};

use super::model::PopulationModel;
use super::run::PopulationError;

/// Marks an agent of a population: its id, which no one else has and which stays.
#[derive(Component, Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[component(immutable)]
pub struct Agent(pub AgentId);

/// Where an agent is: a position, a cell.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
pub struct At<P: Send + Sync + 'static>(pub P);

/// The rules, and where their steps are.
#[derive(Resource)]
pub(super) struct Course<M: PopulationModel> {
    pub(super) model: M,
    pub(super) seed: RunSeed,
    /// Agents of the population, each with an entity.
    agents: usize,
    /// Steps that were begun.
    pub(super) steps: u32,
    /// Whether systems other than the step run in a tick.
    pub(super) systems: bool,
    /// Whether components can have been changed since the last step.
    pub(super) exposed: bool,
    /// Why the present step ended early.
    pub(super) failure: Option<PopulationError>,
    order: Vec<AgentId>,
}

/// What agents read and write while they act.
#[derive(Resource)]
pub(super) struct Mirror<S: Space>(pub(super) S);

pub(super) type Place<M> = <<M as PopulationModel>::Space as Space>::Place;
pub(super) type State<M> = <<M as PopulationModel>::Space as Space>::State;

type Agents<'w, 's, M> = Query<
    'w,
    's,
    (
        &'static Agent,
        &'static mut At<Place<M>>,
        &'static mut State<M>,
    ),
>;

impl<M: PopulationModel> Course<M> {
    pub(super) fn new(model: M, seed: RunSeed, agents: usize, systems: bool) -> Self {
        Self {
            model,
            seed,
            agents,
            steps: 0,
            systems,
            exposed: systems,
            failure: None,
            order: Vec::new(),
        }
    }

    /// Draws the order of a step and lets the agents act.
    fn act(&mut self, space: &mut M::Space) -> Result<(), PopulationError> {
        let mut stream = StreamKey {
            round: RoundIx(self.steps),
            ..StreamKey::episode(self.seed, EpisodeIx(0), Purpose::Dynamics)
        }
        .open();
        self.order.clear();
        self.order.extend((0..space.agents() as u32).map(AgentId));
        shuffle(&mut self.order, &mut stream);
        for &agent in &self.order {
            self.model
                .act(agent, space, &mut stream)
                .map_err(|source| PopulationError::Act {
                    agent,
                    step: self.steps,
                    source,
                })?;
        }
        self.check_entities(space.agents(), self.agents)
    }

    fn check_entities(&self, expected: usize, got: usize) -> Result<(), PopulationError> {
        if got == expected {
            return Ok(());
        }
        Err(PopulationError::Entities {
            step: self.steps,
            expected,
            got,
        })
    }
}

/// Takes what other systems changed, lets every agent act, and writes what they changed.
pub(super) fn step<M: PopulationModel>(
    mut course: ResMut<Course<M>>,
    mut mirror: ResMut<Mirror<M::Space>>,
    mut agents: Agents<M>,
) {
    let (course, space) = (&mut *course, &mut mirror.0);
    course.steps += 1;
    let taken = if course.exposed {
        take_changes(course, space, &mut agents)
    } else {
        Ok(())
    };
    course.exposed = course.systems;
    // What was not taken is overwritten.
    let refused = taken.is_err();
    course.failure = taken.and_then(|()| course.act(space)).err();
    for (&Agent(agent), mut at, mut state) in &mut agents {
        if agent.index() < space.agents() && (space.take_touched(agent) || refused) {
            at.set_if_neq(At(space.place(agent)));
            let seen = space.state(agent);
            if *state != *seen {
                state.clone_from(seen);
            }
        }
    }
}

/// Brings components that changed since the last step into the mirror. What the step itself wrote
/// does not count: changes are those since this system last ran, its own are older.
fn take_changes<M: PopulationModel>(
    course: &Course<M>,
    space: &mut M::Space,
    agents: &mut Agents<M>,
) -> Result<(), PopulationError> {
    let (step, expected) = (course.steps, space.agents());
    let mut got = 0;
    for (&Agent(agent), at, state) in agents {
        got += 1;
        if agent.index() >= expected {
            return Err(PopulationError::Stranger {
                agent,
                step,
                expected,
            });
        }
        if at.is_changed() {
            space
                .put(agent, at.0)
                .map_err(|source| PopulationError::Moved {
                    agent,
                    step,
                    source,
                })?;
        }
        if state.is_changed() {
            space.state_mut(agent).clone_from(&state);
        }
    }
    course.check_entities(expected, got)
}
