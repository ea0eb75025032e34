//! The clinic as a plugin of the engine.

use std::sync::Arc;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_policies::clinic::respond::Said;
use rounds_policies::clinic::task::{Action, DoctorView, Observation, Speciality};
use rounds_policies::policy::Decider;

use super::consultation::{self, Consulting};
use super::visit::{Member, Stage, Visit};
use super::{Clinic, PRACTITIONER, act, advance, perceive};
use crate::engine::{
    AgentOf, Decided, Decisions, DecisionsPlugin, Episode, EpisodeFailure, Group, GroupOf,
    Identity, Phase, RunContext, Spawner, Tick,
};

/// How a visit goes, and who decides in it.
#[derive(Debug, Clone)]
pub enum Protocol {
    /// A team of specialists that changes its own composition; one decider for all roles.
    DynamiCare(Decider<Observation, Action>),
    /// As [`Protocol::DynamiCare`], with several deciders: the first one, and those of
    /// [`Clinic::cast`].
    Mixed(Vec<Decider<Observation, Action>>),
    /// One doctor, the patient, a measurement side and a moderator, in free text.
    AgentClinic(Box<Consulting>),
}

impl From<Decider<Observation, Action>> for Protocol {
    fn from(decider: Decider<Observation, Action>) -> Self {
        Self::DynamiCare(decider)
    }
}

impl From<Consulting> for Protocol {
    fn from(consulting: Consulting) -> Self {
        Self::AgentClinic(Box::new(consulting))
    }
}

/// Adds the clinical family: one visit an episode.
pub struct ClinicPlugin {
    /// What all visits share.
    pub clinic: Clinic,
    /// How a visit goes, and who decides in it.
    pub protocol: Protocol,
}

impl Plugin for ClinicPlugin {
    fn build(&self, app: &mut App) {
        let deciders = match &self.protocol {
            Protocol::DynamiCare(decider) => vec![decider.clone()],
            Protocol::Mixed(deciders) => deciders.clone(),
            Protocol::AgentClinic(consulting) => {
                app.insert_resource(self.clinic.clone());
                return consultation::install(app, consulting);
            }
        };
        app.add_plugins(DecisionsPlugin::<Observation, Action>::default())
            .insert_resource(self.clinic.clone())
            .insert_resource(Decisions::new(deciders))
            .insert_resource(Spawner(Arc::new(spawn_visit)))
            .add_systems(
                Tick,
                (
                    perceive::introduce,
                    perceive::begin_round,
                    perceive::ask_triage,
                    perceive::ask_solo,
                    perceive::ask_proposals,
                    perceive::ask_votes,
                    perceive::ask_coordinator,
                )
                    .chain()
                    .in_set(Phase::Perceive),
            )
            .add_systems(
                Tick,
                (
                    act::apply_triage,
                    act::apply_coordination,
                    act::apply_confidence,
                    act::apply_solo,
                    act::apply_proposals,
                    act::apply_votes,
                )
                    .chain()
                    .in_set(Phase::Act),
            )
            .add_systems(
                Tick,
                (advance::ask_patients, advance::advance_clocks)
                    .chain()
                    .in_set(Phase::Advance),
            );
    }
}

fn spawn_visit(
    world: &mut World,
    entity: Entity,
    ix: rounds_environments::ids::EpisodeIx,
) -> Result<(), EpisodeFailure> {
    let clinic = world.resource::<Clinic>().clone();
    let seed = world.resource::<RunContext>().seed;
    let patient = clinic
        .patients
        .patient(seed, ix)
        .map_err(|error| EpisodeFailure(error.to_string()))?;
    let Some(mut episode) = world.get_mut::<Episode>(entity) else {
        return Err(EpisodeFailure("the episode has no entity".to_owned()));
    };
    let group_ix = episode.new_group_ix();
    let id = episode.new_agent_id();
    advance::schedule_timeline(world, entity, &clinic);
    let decider = clinic.decider_named(PRACTITIONER);
    let practitioner = world
        .spawn((Identity { id, decider }, AgentOf(entity)))
        .id();
    let view = DoctorView {
        introduction: patient.introduction().clone(),
        exchanges: Vec::new(),
    };
    world.spawn((
        Group(group_ix),
        GroupOf(entity),
        Decided::<Action>::default(),
        Decided::<Said>::default(),
        Visit {
            patient,
            view: Arc::new(view),
            stage: Stage::Introduce,
            round: 0,
            team: Vec::new(),
            roster: Arc::new([]),
            practitioner: Some(Member {
                entity: practitioner,
                id,
                speciality: Speciality::Generalist,
                decider,
            }),
            known: Vec::new(),
            asked: 0,
            requests: 0,
            patient_requests: 0,
            cost: 0.0,
            limits: clinic.patients.limits(ix),
        },
    ));
    Ok(())
}
