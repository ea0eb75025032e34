//! Changes of a team: the visit's list, the relationship, and the log stay one.

use bevy_ecs::prelude::*;
use rounds_environments::ids::AgentId;
use rounds_policies::clinic::task::Speciality;

use super::config::Clinic;
use super::visit::{Member, Visit};
use crate::engine::{AgentOf, Episode, Identity, MemberOf};

/// Sets the team of a visit to `specialities`, in this order. Who leaves stays an agent of the
/// episode and may come back.
pub(super) fn set_team(
    clinic: &Clinic,
    commands: &mut Commands,
    episode_entity: Entity,
    episode: &mut Episode,
    group: Entity,
    visit: &mut Visit,
    specialities: &[Speciality],
) {
    let mut team: Vec<Member> = Vec::with_capacity(specialities.len());
    for speciality in specialities {
        if team.iter().any(|member| member.speciality == *speciality) {
            continue;
        }
        let member = match visit
            .known
            .iter()
            .find(|member| member.speciality == *speciality)
        {
            Some(member) => member.clone(),
            None => {
                let id: AgentId = episode.new_agent_id();
                let decider = clinic.decider_of(speciality);
                let entity = commands
                    .spawn((Identity { id, decider }, AgentOf(episode_entity)))
                    .id();
                let member = Member {
                    entity,
                    id,
                    speciality: speciality.clone(),
                    decider,
                };
                visit.known.push(member.clone());
                member
            }
        };
        team.push(member);
    }
    if team == visit.team {
        return;
    }
    for member in &visit.team {
        commands.entity(member.entity).remove::<MemberOf>();
    }
    // Inserted anew and in order, so that the group's `Members` is in team order too.
    for member in &team {
        commands.entity(member.entity).insert(MemberOf(group));
    }
    visit.roster = team
        .iter()
        .map(|member| member.speciality.clone())
        .collect();
    visit.team = team;
}
