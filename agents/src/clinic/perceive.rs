//! Perceive: what each role sees, and the requests for its decisions.

use std::sync::Arc;

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;
use rounds_environments::ids::RoundIx;
use rounds_policies::clinic::task::{Action, Observation, Speciality, Task};
use rounds_policies::policy::{Ask, AskKey};

use super::config::{Clinic, Coordination};
use super::respond::Speaking;
use super::team::set_team;
use super::visit::{Member, Stage, Visit};
use crate::engine::{
    Activity, Awake, Decisions, Episode, EpisodeClock, EpisodeLog, EventLog, GroupOf, Outcome,
};

/// What the perceiving systems share.
#[derive(SystemParam)]
pub(super) struct Perceiving<'w, 's> {
    clinic: Res<'w, Clinic>,
    decisions: ResMut<'w, Decisions<Observation, Action>>,
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
    visits: Query<'w, 's, (Entity, &'static GroupOf, &'static mut Visit), With<Awake>>,
}

/// The patient presents, and the visit goes to triage or, with a given team, to its first round.
pub(super) fn introduce(mut commands: Commands, mut p: Perceiving, mut speaking: Speaking) {
    for (group, of, mut visit) in &mut p.visits {
        if !matches!(visit.stage, Stage::Introduce) {
            continue;
        }
        let Ok((mut episode, mut log, clock)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        let visit = &mut *visit;
        let now = clock.0.now_min();
        if let Some(mut event) = log.0.event(0, now, "world", "", "patient") {
            let truth = visit.patient.truth();
            event
                .add("case", visit.patient.case())
                .add("truth", &truth.names)
                .add("codes", &truth.codes);
        }
        if speaking.introduce((of.0, &mut *episode), group, visit) {
            continue;
        }
        presented(
            &p.clinic,
            &mut commands,
            (of.0, &mut *episode),
            group,
            visit,
            &mut log.0,
            now,
        );
    }
}

/// The introduction is known: to triage or, with a given team, to the first round.
pub(super) fn presented(
    clinic: &Clinic,
    commands: &mut Commands,
    (entity, episode): (Entity, &mut Episode),
    group: Entity,
    visit: &mut Visit,
    log: &mut EventLog,
    now: f64,
) {
    if let Some(mut event) = log.event(0, now, "patient", "", "introduced") {
        let introduction = &visit.view.introduction;
        event.add("text", &*introduction.text);
        if let Some(complaint) = introduction.complaint {
            event.add("finding", &clinic.knowledge.finding(complaint).id);
        }
    }
    if clinic.visit.coordination == Coordination::Given {
        set_team(
            clinic,
            commands,
            entity,
            episode,
            group,
            visit,
            &clinic.visit.given,
        );
        visit.stage = Stage::Begin;
    } else {
        visit.stage = Stage::Triage;
    }
}

/// Begins the next round, or forces the answer when the rounds ran out.
pub(super) fn begin_round(mut p: Perceiving) {
    let rules = &p.clinic.visit;
    for (_, of, mut visit) in &mut p.visits {
        if !matches!(visit.stage, Stage::Begin) {
            continue;
        }
        let Ok((mut episode, _, clock)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        let own = visit.limits;
        let max_cost = own.cost.or(rules.max_cost);
        let max_minutes = own.minutes.or(rules.max_minutes);
        if max_cost.is_some_and(|most| visit.cost > most) {
            episode.end(Outcome::Aborted(format!(
                "cost limit: {:.2} USD spent",
                visit.cost
            )));
            visit.stage = Stage::Over;
            continue;
        }
        if max_minutes.is_some_and(|most| clock.0.now_min() > most) {
            episode.end(Outcome::Aborted(format!(
                "time limit: {:.0} minutes passed",
                clock.0.now_min()
            )));
            visit.stage = Stage::Over;
            continue;
        }
        let forced = visit.round >= own.rounds.unwrap_or(rules.max_rounds);
        if !forced {
            visit.round += 1;
        }
        visit.stage = match (visit.team.len(), forced) {
            (1, true) => Stage::Solo {
                diagnose: true,
                forced,
            },
            (1, false) => Stage::Confidence,
            _ => Stage::Propose { forced },
        };
    }
}

/// The general practitioner is asked for a team.
pub(super) fn ask_triage(mut p: Perceiving) {
    let most = p.clinic.visit.triage;
    ask_practitioner(
        &mut p,
        |stage| matches!(stage, Stage::Triage),
        Task::Triage { most },
    );
}

/// The coordinator is asked for the team of the next round.
pub(super) fn ask_coordinator(mut p: Perceiving) {
    let most = p.clinic.visit.max_members;
    ask_practitioner(
        &mut p,
        |stage| matches!(stage, Stage::Coordinate),
        Task::Coordinate { most },
    );
}

fn ask_practitioner(p: &mut Perceiving, at: impl Fn(&Stage) -> bool, task: Task) {
    for (group, of, mut visit) in &mut p.visits {
        if visit.asked > 0 || !at(&visit.stage) {
            continue;
        }
        let Ok((mut episode, ..)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        let Some(practitioner) = visit.practitioner.clone() else {
            continue;
        };
        p.activity.note();
        ask(
            &mut p.decisions,
            of.0,
            &mut episode,
            group,
            &mut visit,
            &practitioner,
            task.clone(),
        );
    }
}

/// A lone clinician is asked for its confidence, then for a list or a question.
pub(super) fn ask_solo(mut p: Perceiving) {
    for (group, of, mut visit) in &mut p.visits {
        let task = match visit.stage {
            Stage::Confidence => Task::Confidence,
            Stage::Solo { diagnose, .. } => Task::Solo { diagnose },
            _ => continue,
        };
        if visit.asked > 0 {
            continue;
        }
        let Ok((mut episode, ..)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        let Some(member) = visit.team.first().cloned() else {
            continue;
        };
        p.activity.note();
        ask(
            &mut p.decisions,
            of.0,
            &mut episode,
            group,
            &mut visit,
            &member,
            task,
        );
    }
}

/// Every member of a panel is asked for a proposal.
pub(super) fn ask_proposals(mut p: Perceiving) {
    for (group, of, mut visit) in &mut p.visits {
        let Stage::Propose { forced } = visit.stage else {
            continue;
        };
        if visit.asked > 0 {
            continue;
        }
        let Ok((mut episode, ..)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        for member in visit.team.clone() {
            ask(
                &mut p.decisions,
                of.0,
                &mut episode,
                group,
                &mut visit,
                &member,
                Task::Propose { forced },
            );
        }
    }
}

/// The other members of a panel are asked for their votes on the present candidate.
pub(super) fn ask_votes(mut p: Perceiving) {
    for (group, of, mut visit) in &mut p.visits {
        let Stage::Vote { panel, .. } = &visit.stage else {
            continue;
        };
        if visit.asked > 0 {
            continue;
        }
        let (Some(proposal), voters) = (panel.proposal().cloned(), panel.voters()) else {
            continue;
        };
        let Ok((mut episode, ..)) = p.episodes.get_mut(of.0) else {
            continue;
        };
        p.activity.note();
        for voter in voters {
            let Some(member) = visit.team.get(voter).cloned() else {
                continue;
            };
            let task = Task::Vote {
                proposal: Arc::clone(&proposal),
            };
            ask(
                &mut p.decisions,
                of.0,
                &mut episode,
                group,
                &mut visit,
                &member,
                task,
            );
        }
    }
}

fn ask(
    decisions: &mut Decisions<Observation, Action>,
    episode_entity: Entity,
    episode: &mut Episode,
    group: Entity,
    visit: &mut Visit,
    member: &Member,
    task: Task,
) {
    let key = AskKey {
        episode: episode.ix,
        agent: member.id,
        round: RoundIx(visit.round),
        number: visit.requests,
    };
    visit.requests += 1;
    visit.asked += 1;
    let speciality = match task {
        Task::Triage { .. } | Task::Coordinate { .. } => Speciality::Generalist,
        _ => member.speciality.clone(),
    };
    let observation = Observation {
        task,
        speciality,
        team: Arc::clone(&visit.roster),
        view: Arc::clone(&visit.view),
    };
    let ask = Ask { key, observation };
    decisions.ask(episode_entity, episode, group, member.decider, ask);
}
