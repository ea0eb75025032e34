//! The family as a plugin of the engine.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::clinic::day::{Day, MeansTable, Staff, arrivals};
use rounds_environments::coordination::{Class, CommGraph, Ground, Objective};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use rounds_policies::clinic_day::Clinicians;
use rounds_policies::coordination::CoordinationError;
use rounds_policies::language::Situation;
use rounds_policies::trajectory::TrajectoryContext;

use super::day::{Bed, ClinicDay, DayPlan, House, Worth};
use super::deterioration::{AtBed, AtBeds, Deterioration, SEEN, Unstable};
use super::{asked, dose, look, record, reveal, work};
use crate::coordination::{
    Agent, Asked, Choosing, MadeChooser, Played, Reference, Setting, Yardstick,
};
use crate::engine::{
    AgentOf, Decided, Decisions, DecisionsPlugin, Episode, EpisodeFailure, EpisodeLog, Group,
    GroupOf, Identity, Phase, RunContext, Spawner, Tick,
};
use crate::trajectory::{Context, EpisodeStats, Policies, PolicyHandle, ReturnTarget};

/// Adds days, one an episode, with a staff that one method sends to the beds.
///
/// Episode `e` of `c` configurations is day `e / c` in configuration `e % c`. The same day has the
/// same patients in every configuration and arm, and with more arrivals more of them.
#[derive(Clone)]
pub struct ClinicDayPlugin {
    /// What the days are made of, one a configuration.
    pub plans: Vec<DayPlan>,
    /// Who chooses where the staff stands.
    pub choosing: Choosing,
    /// What the utility is measured against, where it is.
    pub yardstick: Option<Yardstick>,
    /// Who gives doses at the beds, where patients deteriorate.
    pub at_beds: Option<AtBeds>,
}

impl ClinicDayPlugin {
    /// Makes the first day of every configuration once, so that a setting that cannot be is found
    /// before anything is run.
    ///
    /// # Errors
    /// What is wrong, and in which configuration.
    pub fn check(&self, seed: RunSeed) -> Result<(), EpisodeFailure> {
        for (number, house) in prepare(self, seed)?.into_iter().enumerate() {
            let named = |EpisodeFailure(why)| EpisodeFailure(of_plan(&house.plan, &why));
            let (staff, beds) = house.size();
            Scene::new(&house, seed, EpisodeIx(number as u32), |setting| {
                let asking = |asked: &Asked| asked::asking(asked, staff, beds);
                self.choosing.make(setting, asking)?;
                let yardstick = self.yardstick.as_ref();
                yardstick.map(|make| make(setting)).transpose().map(|_| ())
            })
            .map_err(named)?;
        }
        Ok(())
    }
}

struct Family {
    plugin: ClinicDayPlugin,
    houses: Vec<Arc<House>>,
}

/// The family, or why there can be no day: each episode then fails with these words.
#[derive(Resource, Clone)]
struct Ready(Arc<Result<Family, EpisodeFailure>>);

impl Plugin for ClinicDayPlugin {
    fn build(&self, app: &mut App) {
        let seed = app.world().resource::<RunContext>().seed;
        let family = prepare(self, seed).map(|houses| Family {
            plugin: self.clone(),
            houses,
        });
        let policies = self
            .at_beds
            .as_ref()
            .map(|at_beds| at_beds.policies.clone());
        app.insert_resource(Policies(policies.unwrap_or_default()))
            .insert_resource(Ready(Arc::new(family)))
            .insert_resource(Spawner(Arc::new(spawn)))
            .add_systems(
                Tick,
                (
                    (look::weigh_beds, dose::watch, dose::dose)
                        .chain()
                        .in_set(Phase::Perceive),
                    (look::measure, work::send).chain().in_set(Phase::Act),
                    (
                        work::work,
                        reveal::learn,
                        dose::deteriorate,
                        record::close_tick,
                    )
                        .chain()
                        .in_set(Phase::Advance),
                ),
            );
        match &self.choosing {
            Choosing::Method(_) => app.add_systems(Tick, look::choose.in_set(Phase::Decide)),
            Choosing::Asked(by) => app
                .add_plugins(DecisionsPlugin::<Situation, Option<u32>>::default())
                .insert_resource(Decisions::new(vec![by.decider.clone()]))
                .add_systems(
                    Tick,
                    (
                        asked::ask.in_set(Phase::Perceive).after(dose::dose),
                        asked::take_answers.in_set(Phase::Act).before(look::measure),
                    ),
                ),
        };
    }
}

/// A fault with the configuration that it is of, where there are several.
fn of_plan(plan: &DayPlan, why: &str) -> String {
    match plan.name.is_empty() {
        true => why.to_owned(),
        false => format!("{}: {why}", plan.name),
    }
}

fn prepare(plugin: &ClinicDayPlugin, seed: RunSeed) -> Result<Vec<Arc<House>>, EpisodeFailure> {
    if plugin.plans.is_empty() {
        let why = "expected at least one configuration, got none".to_owned();
        return Err(EpisodeFailure(why));
    }
    let houses = plugin.plans.iter().map(|plan| {
        let made = prepare_one(plugin, plan, seed).map(Arc::new);
        made.map_err(|why| EpisodeFailure(of_plan(plan, &why)))
    });
    houses.collect()
}

/// Puts an agent at every bed of a day, for those who will be unstable there.
fn attend(
    world: &mut World,
    entity: Entity,
    mut unstable: Unstable,
    plugin: &ClinicDayPlugin,
    (seed, ix, day_ix): (RunSeed, EpisodeIx, u32),
) {
    let policies = plugin.at_beds.iter().flat_map(|at_beds| &at_beds.policies);
    let policies: Vec<_> = policies.collect();
    let handle = day_ix as usize % policies.len().max(1);
    let policy = policies.get(handle);
    let steps = policy.map_or(0, |policy| policy.context_steps());
    let target = policy.and_then(|policy| policy.target());
    for bed in 0..unstable.treated.len() as u32 {
        let Some(mut episode) = world.get_mut::<Episode>(entity) else {
            return;
        };
        let id = episode.new_agent_id();
        let agent = world.spawn((
            Identity { id, decider: 0 },
            AgentOf(entity),
            AtBed(bed),
            PolicyHandle(handle),
            Context(TrajectoryContext::new(steps, SEEN, 1)),
            ReturnTarget(target),
            EpisodeStats {
                key: StreamKey::agent(seed, ix, id, RoundIx(0), Purpose::Policy),
                steps: 0,
                total_reward: 0.0,
            },
        ));
        unstable.agents.push(agent.id());
    }
    world.entity_mut(entity).insert(unstable);
}

fn prepare_one(plugin: &ClinicDayPlugin, plan: &DayPlan, seed: RunSeed) -> Result<House, String> {
    plan.config.validate().map_err(|error| error.to_string())?;
    if let Some(Deterioration { patient, share }) = &plan.deterioration {
        let (step, tick) = (60.0 * patient.config().step_h, plan.config.tick_minutes);
        if (step - tick).abs() > 1e-9 {
            return Err(format!(
                "expected patients that deteriorate in steps of a tick of {tick} minutes, got {step}"
            ));
        }
        if !(0.0..=1.0).contains(share) {
            return Err(format!(
                "expected a share of 0 to 1 of patients that deteriorate, got {share}"
            ));
        }
        if plugin
            .at_beds
            .as_ref()
            .is_none_or(|at_beds| at_beds.policies.is_empty())
        {
            return Err(
                "expected a policy for the beds of patients that deteriorate, got none".to_owned(),
            );
        }
    }
    let (asked, known) = (plan.patients.findings(), plan.knowledge.findings());
    if asked.len() != known.len() || asked.iter().zip(known).any(|(a, b)| a.id != b.id) {
        return Err(format!(
            "expected the staff's knowledge {} to have the findings of the patients' {}",
            plan.knowledge.name(),
            plan.patients.name()
        ));
    }
    let staff = Staff::draw(&plan.config, &plan.knowledge, seed);
    let clinicians = Clinicians::new(&plan.knowledge, &staff, plan.bedside.clone());
    Ok(House {
        means: Arc::new(MeansTable::new(&plan.config, &plan.knowledge)),
        plan: plan.clone(),
        staff,
        clinicians: clinicians.map_err(|error| error.to_string())?,
    })
}

/// The ground set and the graph of one day.
struct Scene {
    ground: Arc<Ground>,
    graph: CommGraph,
}

impl Scene {
    /// Makes them, and what `make` makes for them.
    fn new<T>(
        house: &House,
        seed: RunSeed,
        ix: EpisodeIx,
        make: impl FnOnce(&Setting<'_>) -> Result<T, CoordinationError>,
    ) -> Result<(Self, T), EpisodeFailure> {
        let (plan, config) = (&house.plan, &house.plan.config);
        let (staff, beds) = house.size();
        let fault = |error: &dyn std::fmt::Display| EpisodeFailure(error.to_string());
        let ground = Ground::new(&vec![beds; staff]).map_err(|error| fault(&error))?;
        let mut stream = StreamKey::episode(seed, ix, Purpose::Truth).open();
        let graph = plan
            .graph
            .make(staff, &mut stream, plan.allow_disconnected)
            .map_err(|error| fault(&error))?;
        let setting = Setting {
            ground: &ground,
            graph: &graph,
            class: Class::Submodular,
            horizon: config.ticks(),
            summary_len: beds,
        };
        let made = make(&setting).map_err(|error| fault(&error))?;
        let ground = Arc::new(ground);
        Ok((Self { ground, graph }, made))
    }
}

fn spawn(world: &mut World, entity: Entity, ix: EpisodeIx) -> Result<(), EpisodeFailure> {
    let Ready(ready) = world.resource::<Ready>().clone();
    let family = ready.as_ref().as_ref().map_err(Clone::clone)?;
    let seed = world.resource::<RunContext>().seed;
    let count = family.houses.len() as u32;
    let day_ix = ix.0 / count;
    let house = Arc::clone(&family.houses[(ix.0 % count) as usize]);
    let (plan, config) = (&house.plan, &house.plan.config);
    let (staff, beds) = house.size();
    let choosing = &family.plugin.choosing;
    let (scene, (made, yardstick)) = Scene::new(&house, seed, ix, |setting| {
        let yardstick = family.plugin.yardstick.as_ref();
        let yardstick = yardstick.map(|make| make(setting)).transpose()?;
        if let Some(mut log) = world.get_mut::<EpisodeLog>(entity) {
            let asked = choosing.asked().is_some();
            record::begin(&mut log.0, day_ix, &house, setting, asked);
        }
        let asking = |asked: &Asked| asked::asking(asked, staff, beds);
        Ok((choosing.make(setting, asking)?, yardstick))
    })?;
    let MadeChooser {
        chooser,
        coordinators,
        traffic,
        lag,
    } = made;
    let patients = arrivals(config, &plan.patients, plan.noise, seed, EpisodeIx(day_ix));
    let day = Day::new(Arc::clone(config), Arc::clone(&house.means), patients);
    let unstable = match &plan.deterioration {
        Some(deterioration) => {
            let made = Unstable::draw(deterioration, &day, beds, seed, EpisodeIx(day_ix));
            Some(made.map_err(|error| EpisodeFailure(error.to_string()))?)
        }
        None => None,
    };
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
    if let Some(unstable) = unstable {
        attend(world, entity, unstable, &family.plugin, (seed, ix, day_ix));
    }
    let worth = Worth::new(scene.ground);
    if choosing.asked().is_some() {
        let decided = Decided::<Option<u32>>::default();
        world.entity_mut(entity).insert(decided);
    }
    world.entity_mut(entity).insert(ClinicDay {
        day,
        beds,
        staff: specialists,
        chooser,
        reference: yardstick.map(|oracle| Reference::new(oracle, staff)),
        traffic,
        round: RoundIx(0),
        ticks: config.ticks(),
        chosen: false,
        summary: vec![0.0; worth.objective.summary_len()],
        worth,
        graph: scene.graph,
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
