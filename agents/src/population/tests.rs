//! Order of activation, the mirror, and what is refused.

use bevy_app::App;
use bevy_ecs::prelude::*;
use rounds_environments::ids::AgentId;
use rounds_environments::space::{Cell, GridSpace, Space, SpaceError};
use rounds_environments::streams::{RunSeed, Stream};

use super::{Agent, At, Population, PopulationError, PopulationModel};
use crate::engine::{Phase, Tick};

/// When an agent had its turn, counted over all steps from 1.
#[derive(Component, Debug, Clone, Copy, PartialEq)]
struct Turn(u32);

type Row = GridSpace<Turn>;

/// A row of agents, each of which writes down its turn; one may do something else first.
struct Queue {
    agents: u32,
    act: fn(AgentId, &mut Row) -> Result<(), SpaceError>,
}

impl PopulationModel for Queue {
    type Space = Row;

    fn populate(&self, _: &mut Stream) -> Result<Row, SpaceError> {
        let mut row = Row::bounded(self.agents + 1, 1)?;
        for column in 0..self.agents {
            row.add(Cell { column, row: 0 }, Turn(0))?;
        }
        Ok(row)
    }

    fn act(&self, me: AgentId, row: &mut Row, _: &mut Stream) -> Result<(), SpaceError> {
        (self.act)(me, row)?;
        let others = row.neighbours(me, self.agents);
        let before = others.map(|other| other.state.0).max();
        row[me] = Turn(1 + before.unwrap_or(0).max(row[me].0));
        Ok(())
    }
}

fn queue(agents: u32, seed: u64) -> Population<Queue> {
    let act = |_, _: &mut Row| Ok(());
    Population::new(Queue { agents, act }, RunSeed(seed)).unwrap()
}

/// The turns of the last step by agent, from 0.
fn turns(queue: &Population<Queue>) -> Vec<u32> {
    let number = queue.model().agents;
    let before = (queue.steps() - 1) * number;
    let turn = |agent| queue.space()[agent].0 - before - 1;
    queue.agents().map(turn).collect()
}

/// Components by agent.
fn entities(queue: &mut Population<Queue>) -> Vec<(AgentId, Cell, Turn)> {
    let mut agents = queue.world_mut().query::<(&Agent, &At<Cell>, &Turn)>();
    let mut found: Vec<_> = agents
        .iter(queue.world())
        .map(|(agent, at, turn)| (agent.0, at.0, *turn))
        .collect();
    found.sort_by_key(|&(agent, ..)| agent);
    found
}

fn in_space(queue: &Population<Queue>) -> Vec<(AgentId, Cell, Turn)> {
    let space = queue.space();
    let seen = |agent| (agent, space.place(agent), space[agent]);
    queue.agents().map(seen).collect()
}

fn entity_of(queue: &mut Population<Queue>, agent: u32) -> Entity {
    let mut agents = queue.world_mut().query::<(Entity, &Agent)>();
    let mut found = agents.iter(queue.world());
    let (entity, _) = found.find(|(_, a)| a.0 == AgentId(agent)).unwrap();
    entity
}

#[test]
fn everyone_acts_once_a_step_in_an_order_that_the_seed_and_the_step_decide() {
    let (mut first, mut again, mut other) = (queue(50, 1), queue(50, 1), queue(50, 2));
    let mut orders = Vec::new();
    for _ in 0..5 {
        for queue in [&mut first, &mut again, &mut other] {
            queue.step().unwrap();
            let mut sorted = turns(queue);
            sorted.sort_unstable();
            assert!(sorted.into_iter().eq(0..50));
        }
        assert_eq!(turns(&first), turns(&again));
        orders.extend([turns(&first), turns(&other)]);
    }
    orders.sort_unstable();
    orders.dedup();
    assert_eq!(orders.len(), 10, "an order came twice");
}

#[test]
fn storage_order_of_entities_plays_no_part() {
    #[derive(Component)]
    struct Mark;
    let (mut still, mut moved) = (queue(20, 3), queue(20, 3));
    for agent in [4, 0, 17, 9] {
        still.step().unwrap();
        let entity = entity_of(&mut moved, agent);
        moved.world_mut().entity_mut(entity).insert(Mark);
        moved.step().unwrap();
    }
    assert_eq!(entities(&mut moved), entities(&mut still));
    assert_eq!(in_space(&moved), in_space(&still));
}

#[test]
fn entities_follow_the_space() {
    let mut queue = queue(9, 4);
    for _ in 0..3 {
        assert_eq!(entities(&mut queue), in_space(&queue));
        queue.step().unwrap();
    }
}

#[test]
fn what_is_changed_from_outside_is_seen_by_those_that_act() {
    let mut queue = queue(9, 5);
    queue.run(2).unwrap();
    let entity = entity_of(&mut queue, 3);
    let mut entity = queue.world_mut().entity_mut(entity);
    entity.get_mut::<Turn>().unwrap().0 = 100;
    entity.get_mut::<At<Cell>>().unwrap().0.column = 9;
    queue.step().unwrap();
    let mut turns: Vec<u32> = queue.agents().map(|a| queue.space()[a].0).collect();
    turns.sort_unstable();
    assert!(turns.into_iter().eq(101..110));
    assert_eq!(
        queue.space().at(Cell { column: 9, row: 0 }),
        Some(AgentId(3))
    );
    assert_eq!(entities(&mut queue), in_space(&queue));
}

#[test]
fn systems_before_and_after_the_step_take_part() {
    #[derive(Resource, Default)]
    struct Moved(Vec<u32>);
    let add_ten = |mut agents: Query<&mut Turn>| {
        for mut turn in &mut agents {
            turn.0 += 10;
        }
    };
    let note = |mut moved: ResMut<Moved>, agents: Query<&Turn, Changed<Turn>>| {
        moved
            .0
            .push(agents.iter().map(|turn| turn.0).max().unwrap_or(0));
    };
    let model = Queue {
        agents: 5,
        act: |_, _| Ok(()),
    };
    let mut queue = Population::with(model, RunSeed(6), move |app: &mut App| {
        app.init_resource::<Moved>()
            .add_systems(Tick, add_ten.in_set(Phase::Perceive))
            .add_systems(Tick, note.in_set(Phase::Record));
    })
    .unwrap();
    queue.run(3).unwrap();
    assert_eq!(queue.world().resource::<Moved>().0, [15, 30, 45]);
    assert_eq!(entities(&mut queue), in_space(&queue));
}

#[test]
fn only_what_changed_counts_as_changed() {
    #[derive(Resource, Default)]
    struct Moved(Vec<AgentId>);
    let note = |mut moved: ResMut<Moved>, agents: Query<&Agent, Changed<At<Cell>>>| {
        moved.0 = agents.iter().map(|agent| agent.0).collect();
    };
    let model = Queue {
        agents: 5,
        act: |me, row| {
            let free = row.empty()[0];
            let hops = me == AgentId(2);
            if hops { row.put(me, free) } else { Ok(()) }
        },
    };
    let mut queue = Population::with(model, RunSeed(6), move |app: &mut App| {
        app.init_resource::<Moved>()
            .add_systems(Tick, note.in_set(Phase::Record));
    })
    .unwrap();
    queue.run(2).unwrap();
    assert_eq!(queue.world().resource::<Moved>().0, [AgentId(2)]);
}

#[test]
fn a_look_comes_before_the_first_step_and_after_each() {
    let mut seen = Vec::new();
    queue(3, 1)
        .watch(4, |queue| seen.push(queue.steps()))
        .unwrap();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[test]
fn an_agent_that_does_what_cannot_be_done_is_named() {
    let act = |me, row: &mut Row| {
        let taken = Cell { column: 1, row: 0 };
        if me == AgentId(0) {
            row.put(me, taken)
        } else {
            Ok(())
        }
    };
    let mut queue = Population::new(Queue { agents: 4, act }, RunSeed(1)).unwrap();
    let error = queue.run(3).unwrap_err();
    let PopulationError::Act {
        agent,
        step,
        source,
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((agent, step), (AgentId(0), 1));
    assert!(matches!(source, SpaceError::Occupied { .. }));
    assert_eq!(entities(&mut queue), in_space(&queue));
}

#[test]
fn a_model_that_cannot_begin_says_why() {
    let act = |_, _: &mut Row| Ok(());
    let agents = u32::MAX - 1;
    let Err(error) = Population::new(Queue { agents, act }, RunSeed(1)) else {
        panic!("so many cells were made")
    };
    assert!(matches!(
        error,
        PopulationError::Populate(SpaceError::Cells { .. })
    ));
}

#[test]
fn a_place_that_cannot_be_is_refused_and_undone() {
    let mut queue = queue(4, 1);
    let before = in_space(&queue);
    let entity = entity_of(&mut queue, 2);
    let mut entity = queue.world_mut().entity_mut(entity);
    entity.get_mut::<At<Cell>>().unwrap().0.column = 7;
    let error = queue.step().unwrap_err();
    assert!(matches!(
        error,
        PopulationError::Moved {
            agent: AgentId(2),
            step: 1,
            source: SpaceError::NoCell { .. }
        }
    ));
    assert_eq!(entities(&mut queue), before);
    queue.step().unwrap();
}

#[test]
fn entities_and_agents_must_fit() {
    let mut fewer = queue(4, 1);
    let entity = entity_of(&mut fewer, 2);
    fewer.world_mut().despawn(entity);
    let error = fewer.step().unwrap_err();
    assert!(matches!(
        error,
        PopulationError::Entities {
            expected: 4,
            got: 3,
            ..
        }
    ));

    let mut stranger = queue(4, 1);
    let place = At(Cell { column: 0, row: 0 });
    stranger
        .world_mut()
        .spawn((Agent(AgentId(4)), place, Turn(0)));
    let error = stranger.step().unwrap_err();
    assert!(matches!(
        error,
        PopulationError::Stranger {
            agent: AgentId(4),
            expected: 4,
            ..
        }
    ));

    let act = |_, row: &mut Row| {
        let free = row.empty().first().copied();
        free.map_or(Ok(()), |cell| row.add(cell, Turn(0)).map(|_| ()))
    };
    let mut more = Population::new(Queue { agents: 4, act }, RunSeed(1)).unwrap();
    for _ in 0..2 {
        let error = more.step().unwrap_err();
        assert!(matches!(
            error,
            PopulationError::Entities {
                expected: 5,
                got: 4,
                ..
            }
        ));
    }
}

#[test]
fn systems_that_conflict_with_the_step_are_refused() {
    let change = |mut agents: Query<&mut Turn>| {
        for mut turn in &mut agents {
            turn.0 += 1;
        }
    };
    let model = Queue {
        agents: 2,
        act: |_, _| Ok(()),
    };
    let systems = move |app: &mut App| {
        app.add_systems(Tick, change.in_set(Phase::Act));
    };
    let Err(PopulationError::Schedule(why)) = Population::with(model, RunSeed(1), systems) else {
        panic!("an ambiguous schedule was taken")
    };
    assert!(why.contains("Turn"), "{why}");
}
