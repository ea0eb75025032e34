//! The family as a plugin of the engine.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{BedCoverage, Day, MeansTable, Staff, arrivals};
use rounds_environments::coordination::{Class, Objective};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::RunSeed;
use rounds_policies::clinic_day::Clinicians;
use rounds_policies::coordination::Population;

use super::day::{Bed, ClinicDay, DayPlan, House};
use super::{look, record, reveal, work};
use crate::coordination::{Agent, Chooser, Made, Make, Played, Reference, Setting, Yardstick};
use crate::engine::{
    AgentOf, Episode, EpisodeFailure, EpisodeLog, Group, GroupOf, Identity, Phase, RunContext,
    Spawner, Tick,
};

/// Adds days of `plan`, one an episode, with a staff that one method sends to the beds.
#[derive(Clone)]
pub struct ClinicDayPlugin {
    /// What the days are made of.
    pub plan: DayPlan,
    /// Makes the method.
    pub make: Make,
    /// What the utility is measured against, where it is.
    pub yardstick: Option<Yardstick>,
}

struct Family {
    plugin: ClinicDayPlugin,
    house: Arc<House>,
    means: Arc<MeansTable>,
}

/// The family, or why there can be no day: each episode then fails with these words.
#[derive(Resource, Clone)]
struct Ready(Arc<Result<Family, String>>);

impl Plugin for ClinicDayPlugin {
    fn build(&self, app: &mut App) {
        let seed = app.world().resource::<RunContext>().seed;
        app.insert_resource(Ready(Arc::new(prepare(self, seed))))
            .insert_resource(Spawner(Arc::new(spawn)))
            .add_systems(
                Tick,
                (
                    look::weigh_beds.in_set(Phase::Perceive),
                    look::choose.in_set(Phase::Decide),
                    work::send.in_set(Phase::Act),
                    (work::work, reveal::learn, record::close_tick)
                        .chain()
                        .in_set(Phase::Advance),
                ),
            );
    }
}

fn prepare(plugin: &ClinicDayPlugin, seed: RunSeed) -> Result<Family, String> {
    let plan = &plugin.plan;
    plan.config.validate().map_err(|error| error.to_string())?;
    let (asked, known) = (plan.patients.findings(), plan.knowledge.findings());
    if asked.len() != known.len() || asked.iter().zip(known).any(|(a, b)| a.id != b.id) {
        return Err(format!(
            "expected the staff's knowledge {} to have the findings of the patients' {}",
            plan.knowledge.name(),
            plan.patients.name()
        ));
    }
    if plan.graph.agents() != plan.config.staff as usize {
        return Err(format!(
            "the graph has {} agents, expected the {} of the staff",
            plan.graph.agents(),
            plan.config.staff
        ));
    }
    let staff = Staff::draw(&plan.config, &plan.knowledge, seed);
    let clinicians = Clinicians::new(&plan.knowledge, &staff, plan.bedside.clone());
    let house = House {
        plan: plan.clone(),
        staff,
        clinicians: clinicians.map_err(|error| error.to_string())?,
    };
    Ok(Family {
        means: Arc::new(MeansTable::new(&plan.config, &plan.knowledge)),
        house: Arc::new(house),
        plugin: plugin.clone(),
    })
}

fn spawn(world: &mut World, entity: Entity, ix: EpisodeIx) -> Result<(), EpisodeFailure> {
    let Ready(ready) = world.resource::<Ready>().clone();
    let family = ready.as_ref().as_ref();
    let family = family.map_err(|why| EpisodeFailure(why.clone()))?;
    let seed = world.resource::<RunContext>().seed;
    let house = Arc::clone(&family.house);
    let (plan, config) = (&house.plan, &house.plan.config);
    let (staff, beds) = (config.staff as usize, config.beds as usize);
    let objective =
        BedCoverage::new(staff, beds).map_err(|error| EpisodeFailure(error.to_string()))?;
    let setting = Setting {
        ground: objective.ground(),
        graph: &plan.graph,
        class: Class::Submodular,
        horizon: config.ticks(),
        summary_len: objective.summary_len(),
    };
    let fault =
        |error: rounds_policies::coordination::CoordinationError| EpisodeFailure(error.to_string());
    let Made {
        population,
        traffic,
        lag,
    } = (family.plugin.make)(&setting).map_err(fault)?;
    let yardstick = family.plugin.yardstick.as_ref();
    let yardstick = yardstick.map(|make| make(&setting)).transpose();
    let reference = yardstick
        .map_err(fault)?
        .map(|oracle| Reference::new(oracle, staff));
    let (coordinators, chooser) = match population {
        Population::Online {
            coordinators,
            board,
        } => (coordinators, Chooser::Agents(board)),
        Population::Oracle(oracle) => (Vec::new(), Chooser::Oracle(oracle)),
    };
    let patients = arrivals(config, &plan.patients, plan.noise, seed, ix);
    let day = Day::new(Arc::clone(config), Arc::clone(&family.means), patients);
    if let Some(mut log) = world.get_mut::<EpisodeLog>(entity) {
        record::begin(&mut log.0, &house, &setting);
    }
    let Some(mut episode) = world.get_mut::<Episode>(entity) else {
        return Err(EpisodeFailure("the episode has no entity".to_owned()));
    };
    let groups: Vec<Group> = (0..beds).map(|_| Group(episode.new_group_ix())).collect();
    let identities: Vec<Identity> = (0..staff)
        .map(|_| Identity {
            id: episode.new_agent_id(),
            decider: 0,
        })
        .collect();
    let bed = |(number, group): (usize, Group)| {
        let bed = Bed {
            number: number as u32,
            ..Bed::default()
        };
        world.spawn((group, GroupOf(entity), bed)).id()
    };
    let beds = groups.into_iter().enumerate().map(bed).collect();
    let mut coordinators = coordinators.into_iter();
    let specialist = |identity: Identity| {
        let mut agent = world.spawn((identity, AgentOf(entity)));
        if let Some(coordinator) = coordinators.next() {
            agent.insert(Agent(coordinator));
        }
        agent.id()
    };
    let specialists = identities.into_iter().map(specialist).collect();
    world.entity_mut(entity).insert(ClinicDay {
        day,
        beds,
        staff: specialists,
        chooser,
        reference,
        traffic,
        round: RoundIx(0),
        ticks: config.ticks(),
        summary: vec![0.0; objective.summary_len()],
        objective,
        actions: vec![None; staff],
        played: Played::default(),
        kept: match lag {
            0 => Vec::new(),
            lag => (0..=lag).map(|_| None).collect(),
        },
        house,
    });
    Ok(())
}
