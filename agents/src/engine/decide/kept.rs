//! Where decisions are kept until their episode acts on them.

use bevy_ecs::prelude::*;
use bevy_ecs::system::SystemParam;

use super::{Decided, Decision, Origin};
use crate::engine::episode::{Asleep, Awake, Episode, Group, GroupOf, Groups};

/// Keeps decisions with the groups that asked, and wakes the groups of an episode that awaits
/// none any more.
#[derive(SystemParam)]
pub(super) struct Keeping<'w, 's, A: Send + Sync + 'static> {
    commands: Commands<'w, 's>,
    episodes: Query<'w, 's, (&'static mut Episode, Option<&'static Groups>)>,
    groups: Query<'w, 's, &'static mut Decided<A>>,
    asleep: Query<'w, 's, (), Asleep>,
}

impl<A: Send + Sync + 'static> Keeping<'_, '_, A> {
    pub(super) fn keep(&mut self, origin: &Origin, decision: Decision<A>) {
        // Both are gone when the episode ended while the request was open.
        let Ok((mut episode, groups)) = self.episodes.get_mut(origin.episode) else {
            return;
        };
        episode.open = episode.open.saturating_sub(1);
        if let Ok(mut decided) = self.groups.get_mut(origin.group) {
            decided.0.push(decision);
        }
        if episode.open > 0 {
            return;
        }
        for group in groups.into_iter().flat_map(Groups::iter) {
            if self.asleep.contains(group) {
                self.commands.entity(group).insert(Awake);
            }
        }
    }
}

/// Groups whose episode awaits decisions fall asleep.
pub(in crate::engine) fn fall_asleep(
    mut commands: Commands,
    episodes: Query<&Episode>,
    awake: Query<(Entity, &GroupOf), (With<Group>, With<Awake>)>,
) {
    for (group, of) in &awake {
        if episodes.get(of.0).is_ok_and(|episode| episode.open > 0) {
            commands.entity(group).remove::<Awake>();
        }
    }
}
