//! Visits whose decisions are all there.

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use rounds_policies::clinic::task::Action;
use rounds_policies::policy::PolicyError;

use crate::clinic::config::{Clinic, PRACTITIONER};
use crate::clinic::visit::{Stage, Visit};
use crate::engine::{
    Activity, Awake, Decided, Decision, Episode, EpisodeClock, EpisodeLog, EventLog, GroupOf,
    Outcome,
};

/// What the acting systems share.
#[derive(SystemParam)]
pub(in crate::clinic) struct Acting<'w, 's> {
    clinic: Res<'w, Clinic>,
    activity: ResMut<'w, Activity>,
    episodes: Query<
        'w,
        's,
        (
            &'static mut Episode,
            &'static mut EpisodeLog,
            &'static EpisodeClock,
        ),
    >,
    visits: Query<
        'w,
        's,
        (
            Entity,
            &'static GroupOf,
            &'static mut Visit,
            &'static mut Decided<Action>,
        ),
        With<Awake>,
    >,
}

/// A visit whose decisions are all there.
pub(super) struct Ready<'a> {
    pub(super) clinic: &'a Clinic,
    pub(super) episode_entity: Entity,
    pub(super) group: Entity,
    pub(super) episode: &'a mut Episode,
    pub(super) log: &'a mut EventLog,
    pub(super) now_min: f64,
    pub(super) visit: &'a mut Visit,
}

/// Calls `apply` for each visit at a stage whose decisions are all there, with the decisions in
/// the order (agent, request number). An error ends the episode.
pub(super) fn for_ready(
    p: &mut Acting,
    at: impl Fn(&Stage) -> bool,
    mut apply: impl FnMut(Ready, Vec<Action>) -> Result<(), PolicyError>,
) {
    for (group, of, mut visit, mut decided) in &mut p.visits {
        if visit.asked == 0 || decided.0.len() < visit.asked || !at(&visit.stage) {
            continue;
        }
        let Ok((mut episode, mut log, clock)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        if episode.open > 0 {
            continue;
        }
        p.activity.note();
        visit.asked = 0;
        let mut decisions: Vec<Decision<Action>> = std::mem::take(&mut decided.0);
        decisions.sort_unstable_by_key(|decision| (decision.key.agent, decision.key.number));
        let now_min = clock.0.now_min();
        for decision in &decisions {
            let name = agent_name(&p.clinic, &visit, decision.key.agent);
            let at = (visit.round, now_min);
            decision.faults.log(&mut log.0, at, ("doctor", name));
        }
        let actions: Result<Vec<Action>, PolicyError> =
            decisions.into_iter().map(|d| d.result).collect();
        let visit = &mut *visit;
        let applied = actions.and_then(|actions| {
            let ready = Ready {
                clinic: &p.clinic,
                episode_entity: of.0,
                group,
                episode: &mut episode,
                log: &mut log.0,
                now_min,
                visit: &mut *visit,
            };
            apply(ready, actions)
        });
        if let Err(error) = applied {
            episode.end(Outcome::from(error));
            visit.stage = Stage::Over;
        }
    }
}

fn agent_name<'a>(
    clinic: &'a Clinic,
    visit: &'a Visit,
    id: rounds_environments::ids::AgentId,
) -> &'a str {
    visit
        .known
        .iter()
        .find(|member| member.id == id)
        .map_or(PRACTITIONER, |member| {
            clinic.speciality_name(&member.speciality)
        })
}

/// The error of a decision of another kind than the one asked for.
pub(super) fn garbage(expected: &str, got: &Action) -> PolicyError {
    let got = match got {
        Action::Team(_) => "a team",
        Action::Confidence(_) => "a confidence",
        Action::Proposal(_) => "a proposal",
        Action::Vote(_) => "a vote",
    };
    PolicyError::Garbage(format!("expected {expected}, got {got}"))
}
