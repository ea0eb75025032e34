//! Who is of the team: triage and coordination.

use bevy_ecs::prelude::*;
use rounds_policies::clinic::task::{Action, Speciality};
use rounds_policies::policy::PolicyError;

use super::ready::{Acting, for_ready, garbage};
use crate::clinic::config::Clinic;
use crate::clinic::team::set_team;
use crate::clinic::visit::Stage;

/// The named team is formed.
pub(in crate::clinic) fn apply_triage(mut commands: Commands, mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Triage),
        |ready, actions| {
            let team = one_team(ready.clinic, actions, ready.clinic.visit.triage)?;
            let team = if team.is_empty() {
                vec![Speciality::Generalist]
            } else {
                team
            };
            if let Some(mut event) = ready.log.event(
                0,
                ready.now_min,
                "doctor",
                "general practitioner",
                "triaged",
            ) {
                event.add("team", &names(ready.clinic, &team));
            }
            set_team(
                ready.clinic,
                &mut commands,
                ready.episode_entity,
                ready.episode,
                ready.group,
                ready.visit,
                &team,
            );
            ready.visit.stage = Stage::Begin;
            Ok(())
        },
    );
}

/// The team of the next round is formed; an empty list keeps the team.
pub(in crate::clinic) fn apply_coordination(mut commands: Commands, mut p: Acting) {
    for_ready(
        &mut p,
        |stage| matches!(stage, Stage::Coordinate),
        |ready, actions| {
            let mut team = one_team(ready.clinic, actions, ready.clinic.visit.max_members)?;
            if team.is_empty() {
                team = ready.visit.roster.to_vec();
            }
            let round = ready.visit.round;
            if let Some(mut event) =
                ready
                    .log
                    .event(round, ready.now_min, "doctor", "coordinator", "coordinated")
            {
                let old = &ready.visit.roster;
                let added: Vec<_> = team.iter().filter(|s| !old.contains(s)).cloned().collect();
                let removed: Vec<_> = old.iter().filter(|s| !team.contains(s)).cloned().collect();
                event
                    .add("team", &names(ready.clinic, &team))
                    .add("added", &names(ready.clinic, &added))
                    .add("removed", &names(ready.clinic, &removed));
            }
            set_team(
                ready.clinic,
                &mut commands,
                ready.episode_entity,
                ready.episode,
                ready.group,
                ready.visit,
                &team,
            );
            ready.visit.stage = Stage::Begin;
            Ok(())
        },
    );
}

fn one_team(
    clinic: &Clinic,
    actions: Vec<Action>,
    most: usize,
) -> Result<Vec<Speciality>, PolicyError> {
    match actions.into_iter().next() {
        Some(Action::Team(mut team)) => {
            for speciality in &team {
                if let Speciality::Known(ix) = speciality
                    && ix.index() >= clinic.knowledge.specialities().len()
                {
                    return Err(PolicyError::Garbage(format!(
                        "there is no speciality number {}",
                        ix.0
                    )));
                }
            }
            team.truncate(most);
            Ok(team)
        }
        Some(other) => Err(garbage("a team", &other)),
        None => Err(PolicyError::Garbage(
            "expected a team, got nothing".to_owned(),
        )),
    }
}

fn names<'a>(clinic: &'a Clinic, team: &'a [Speciality]) -> Vec<&'a str> {
    team.iter()
        .map(|speciality| clinic.speciality_name(speciality))
        .collect()
}
