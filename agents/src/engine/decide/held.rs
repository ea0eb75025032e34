//! Requests that limits may cut: they go in waves, all or none.

use std::collections::BTreeMap;

use bevy_ecs::prelude::*;
use rounds_models::{CallRecord, ModelRequest, Spent};
use rounds_policies::policy::Decider;

use super::Decisions;
use crate::engine::inbox::Inbox;
use crate::engine::ledger::{Coming, EpisodeUse, Limiter};

impl<O: Clone + Send + Sync + 'static, A: Send + Sync + 'static> Decisions<O, A> {
    /// Sends what was held back of every episode that awaits no reply, in the order (agent,
    /// request), all or none.
    fn release(&mut self, inbox: &mut Inbox, limiter: &Limiter, uses: &mut Query<&mut EpisodeUse>) {
        let mut waves: BTreeMap<Entity, Vec<(u64, ModelRequest)>> = BTreeMap::new();
        for (ticket, request) in std::mem::take(&mut self.held) {
            if let Some(waiting) = self.waiting.get(&ticket) {
                let wave = waves.entry(waiting.origin.episode).or_default();
                wave.push((ticket, request));
            }
        }
        for (episode, mut requests) in waves {
            let mut of = match uses.get_mut(episode) {
                Ok(of) if of.cut.is_none() => of,
                // Nobody waits for these any more.
                _ => {
                    self.forget(&requests);
                    continue;
                }
            };
            if of.in_flight > 0 {
                self.held.append(&mut requests);
                continue;
            }
            requests.sort_by_key(|(_, request)| {
                let key = &request.key;
                (key.agent, key.number, key.attempt)
            });
            let coming: Vec<Coming> = requests
                .iter()
                .map(|(ticket, request)| Coming {
                    agent: request.key.agent,
                    round: request.key.round,
                    recorded: self.recorded(*ticket, request).is_some(),
                })
                .collect();
            match limiter.admit(&mut of, &coming) {
                Ok(()) => {
                    for (ticket, request) in requests {
                        self.send(inbox, ticket, request);
                    }
                }
                Err(hit) => {
                    of.cut = Some(hit);
                    self.forget(&requests);
                }
            }
        }
    }

    fn forget(&mut self, requests: &[(u64, ModelRequest)]) {
        for (ticket, _) in requests {
            self.waiting.remove(ticket);
        }
    }

    /// What a request took when it was recorded, where it is answered from a recording.
    pub(super) fn recorded(&self, ticket: u64, request: &ModelRequest) -> Option<Spent> {
        match &self.deciders[self.waiting.get(&ticket)?.decider] {
            Decider::Model { server, .. } => server.recorded(request),
            Decider::Direct(_) => None,
        }
    }

    /// Names of models among the deciders whose price is not known.
    pub(super) fn unpriced(&self) -> Vec<String> {
        let models = self.deciders.iter().filter_map(|decider| match decider {
            Decider::Model { server, .. } if !server.is_priced() => Some(server.name().to_owned()),
            _ => None,
        });
        models.collect()
    }
}

/// Sends requests that limits may cut; see [`crate::engine::ledger`].
pub(super) fn release_held<O: Clone + Send + Sync + 'static, A: Send + Sync + 'static>(
    limiter: Res<Limiter>,
    mut decisions: ResMut<Decisions<O, A>>,
    mut inbox: ResMut<Inbox>,
    mut uses: Query<&mut EpisodeUse>,
) {
    if !decisions.held.is_empty() {
        decisions.release(&mut inbox, &limiter, &mut uses);
    }
}

/// What was paid for a request: an answer out of a cache costs nothing and is no call of the run.
pub(super) fn paid(records: &[CallRecord]) -> Spent {
    let mut paid = Spent::default();
    for record in records.iter().filter(|record| !record.usage.cache_hit) {
        paid += Spent::of(record);
    }
    paid
}
