//! The systems of a consultation, and how one begins.

use std::sync::Arc;

use bevy_app::App;
use bevy_ecs::prelude::*;
use rounds_environments::clinic::dialogue::Introduction;
use rounds_environments::ids::EpisodeIx;
use rounds_policies::clinic::consultation::{Brief, Consultation, Turn};
use rounds_policies::clinic::respond::Said;
use rounds_policies::clinic::task::DoctorView;

use super::rules::{Consulting, ConsultingRules};
use super::state::{Consult, ConsultStage};
use super::{act, advance, perceive};
use crate::clinic::advance::schedule_timeline;
use crate::clinic::config::Clinic;
use crate::engine::{
    AgentOf, Decided, Decisions, DecisionsPlugin, Episode, EpisodeFailure, Group, GroupOf,
    Identity, Phase, RunContext, Spawner, Tick,
};

/// Adds consultations to a world that has a [`Clinic`].
pub(in crate::clinic) fn install(app: &mut App, consulting: &Consulting) {
    let mut deciders = vec![consulting.doctor.clone()];
    deciders.extend(consulting.moderator.clone());
    app.add_plugins(DecisionsPlugin::<Consultation, Turn>::default())
        .insert_resource(consulting.rules.clone())
        .insert_resource(Decisions::new(deciders))
        .insert_resource(Spawner(Arc::new(spawn)))
        .add_systems(
            Tick,
            (perceive::open, perceive::begin_turn, perceive::ask_agents)
                .chain()
                .in_set(Phase::Perceive),
        )
        .add_systems(Tick, act::apply_turns.in_set(Phase::Act))
        .add_systems(
            Tick,
            (advance::put_words, advance::advance_clocks)
                .chain()
                .in_set(Phase::Advance),
        );
}

fn spawn(world: &mut World, entity: Entity, ix: EpisodeIx) -> Result<(), EpisodeFailure> {
    let clinic = world.resource::<Clinic>().clone();
    let rules = world.resource::<ConsultingRules>().clone();
    let seed = world.resource::<RunContext>().seed;
    let patient = clinic
        .patients
        .patient(seed, ix)
        .map_err(|error| EpisodeFailure(error.to_string()))?;
    let Some(mut episode) = world.get_mut::<Episode>(entity) else {
        return Err(EpisodeFailure("the episode has no entity".to_owned()));
    };
    let group_ix = episode.new_group_ix();
    let (doctor, moderator) = (episode.new_agent_id(), episode.new_agent_id());
    schedule_timeline(world, entity, &clinic);
    for (decider, id) in [doctor, moderator].into_iter().enumerate() {
        world.spawn((Identity { id, decider }, AgentOf(entity)));
    }
    let objective: Arc<str> = patient
        .objective()
        .map_or_else(|| Arc::clone(&rules.objective), Into::into);
    let view = DoctorView {
        introduction: Introduction {
            text: Arc::clone(&objective),
            complaint: None,
            observed: Vec::new(),
        },
        exchanges: Vec::new(),
    };
    let brief = Brief {
        objective,
        turns: clinic.visit.max_rounds,
        markers: rules.markers,
        additions: rules.additions,
    };
    world.spawn((
        Group(group_ix),
        GroupOf(entity),
        Decided::<Turn>::default(),
        Decided::<Said>::default(),
        Consult {
            patient,
            brief: Arc::new(brief),
            dialogue: Arc::default(),
            view: Arc::new(view),
            stage: ConsultStage::Open,
            turn: 0,
            cost: 0.0,
            doctor,
            moderator,
            asked: false,
            requests: 0,
            patient_requests: 0,
        },
    ));
    Ok(())
}
