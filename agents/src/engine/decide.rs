//! Decisions as batches: requests of agents that share a policy are decided together.
//!
//! Requests are a dense queue rather than a component that comes and goes on each agent: a batch
//! is then one contiguous slice, and no entity moves between archetypes. Replies of models may
//! come in any order: they are kept with their group, and nothing of an episode acts before its
//! last open request is decided.

use std::collections::BTreeMap;

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use rounds_environments::streams::RunSeed;
use rounds_models::{CallRecord, Message, ModelError, ModelRequest, Spent};
use rounds_policies::policy::{Ask, AskKey, Decider, PolicyError, Reading};

mod held;
mod kept;

use super::batch::decide_isolated;
use super::episode::Episode;
use super::faults::ReplyFaults;
use super::inbox::Inbox;
use super::ledger::{EpisodeUse, Limiter};
use super::phase::{Activity, Phase, Tick};
use super::world::{RunContext, Unpriced};
use held::{paid, release_held};
use kept::Keeping;
pub(super) use kept::fall_asleep;

/// Most characters of an unreadable reply that are shown to the model again.
const UNREAD_CHARS: usize = 2000;

/// A decision, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision<A> {
    /// Who was asked, when.
    pub key: AskKey,
    /// The decision.
    pub result: Result<A, PolicyError>,
    /// What was wrong with the replies before and behind this decision.
    pub faults: ReplyFaults,
}

/// Decisions of a group that were not applied yet.
#[derive(Component, Debug)]
pub struct Decided<A: Send + Sync + 'static>(pub Vec<Decision<A>>);

impl<A: Send + Sync + 'static> Default for Decided<A> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[derive(Debug)]
struct Origin {
    episode: Entity,
    group: Entity,
}

struct Waiting<O> {
    origin: Origin,
    decider: usize,
    ask: Ask<O>,
    attempt: u32,
    faults: ReplyFaults,
    /// The reply before, and what was wrong with it.
    unread: Option<(String, String)>,
}

/// The queue of requests and the deciders that answer them.
#[derive(Resource)]
pub struct Decisions<O: Send + Sync + 'static, A: Send + Sync + 'static> {
    deciders: Vec<Decider<O, A>>,
    origins: Vec<Vec<Origin>>,
    batches: Vec<Vec<Ask<O>>>,
    waiting: BTreeMap<u64, Waiting<O>>,
    /// Tickets of requests that are sent once the limits let them.
    held: Vec<(u64, ModelRequest)>,
    /// Attempts of a call that failed for a passing reason.
    pub attempts: u32,
    decided: u64,
}

impl<O: Clone + Send + Sync + 'static, A: Send + Sync + 'static> Decisions<O, A> {
    /// An empty queue in front of `deciders`.
    pub fn new(deciders: Vec<Decider<O, A>>) -> Self {
        Self {
            origins: deciders.iter().map(|_| Vec::new()).collect(),
            batches: deciders.iter().map(|_| Vec::new()).collect(),
            deciders,
            waiting: BTreeMap::new(),
            held: Vec::new(),
            attempts: 3,
            decided: 0,
        }
    }

    /// Queues a request of a member of `group`; the decision appears in the group's [`Decided`].
    ///
    /// A decider index that does not exist counts as the last one.
    pub fn ask(
        &mut self,
        episode_entity: Entity,
        episode: &mut Episode,
        group: Entity,
        decider: usize,
        ask: Ask<O>,
    ) {
        let decider = decider.min(self.deciders.len().saturating_sub(1));
        episode.open += 1;
        self.origins[decider].push(Origin {
            episode: episode_entity,
            group,
        });
        self.batches[decider].push(ask);
    }

    /// Number of deciders.
    pub fn deciders(&self) -> usize {
        self.deciders.len()
    }

    /// Decisions made so far.
    pub fn decided(&self) -> u64 {
        self.decided
    }

    /// The request of a ticket, with the reply before and what was wrong with it.
    ///
    /// # Errors
    /// When the policy has no request.
    fn request(&self, seed: RunSeed, ticket: u64) -> Result<Option<ModelRequest>, PolicyError> {
        let Some(waiting) = self.waiting.get(&ticket) else {
            return Ok(None);
        };
        let Decider::Model { policy, .. } = &self.deciders[waiting.decider] else {
            return Ok(None);
        };
        let mut request = policy.request(seed, &waiting.ask)?;
        request.key.attempt = waiting.attempt;
        if let Some((reply, note)) = &waiting.unread {
            // Many servers want the two sides to take turns, and nobody may say nothing.
            let reply: String = reply.chars().take(UNREAD_CHARS).collect();
            if !reply.trim().is_empty() {
                request.messages.push(Message::new("assistant", reply));
            }
            request.messages.push(Message::new("user", note.as_str()));
        }
        Ok(Some(request))
    }

    /// Sends the request of a ticket, or holds it back until the limits were asked; where there is
    /// none, that is the decision.
    fn send_or_hold(
        &mut self,
        inbox: &mut Inbox,
        (limiter, seed): (&Limiter, RunSeed),
        ticket: u64,
        keeping: &mut Keeping<A>,
    ) {
        match self.request(seed, ticket) {
            Ok(Some(request)) if limiter.is_idle() => self.send(inbox, ticket, request),
            Ok(Some(request)) => self.held.push((ticket, request)),
            Ok(None) => {}
            Err(error) => self.decide(ticket, Err(error), keeping),
        }
    }

    fn send(&self, inbox: &mut Inbox, ticket: u64, request: ModelRequest) {
        let waiting = self.waiting.get(&ticket);
        if let Some(Decider::Model { server, .. }) = waiting.map(|w| &self.deciders[w.decider]) {
            inbox.send(server, ticket, request);
        }
    }

    /// Closes a ticket with its decision.
    fn decide(&mut self, ticket: u64, result: Result<A, PolicyError>, keeping: &mut Keeping<A>) {
        if let Some(waiting) = self.waiting.remove(&ticket) {
            self.decided += 1;
            let decision = Decision {
                key: waiting.ask.key,
                result,
                faults: waiting.faults,
            };
            keeping.keep(&waiting.origin, decision);
        }
    }
}

/// Adds the decision systems of one kind of observation and action.
pub struct DecisionsPlugin<O, A> {
    turn: Turn,
    kind: std::marker::PhantomData<fn() -> (O, A)>,
}

/// Kinds of decisions of one world take turns, so that requests are sent in one order.
#[derive(SystemSet, Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Turn {
    First,
    Second,
}

impl<O, A> Default for DecisionsPlugin<O, A> {
    fn default() -> Self {
        Self {
            turn: Turn::First,
            kind: std::marker::PhantomData,
        }
    }
}

impl<O, A> DecisionsPlugin<O, A> {
    /// A second kind of decisions in a world that has one already.
    pub fn second() -> Self {
        Self {
            turn: Turn::Second,
            ..Self::default()
        }
    }
}

impl<O: Clone + Send + Sync + 'static, A: Send + Sync + 'static> Plugin for DecisionsPlugin<O, A> {
    fn build(&self, app: &mut App) {
        app.configure_sets(
            Tick,
            (Turn::First, Turn::Second).chain().in_set(Phase::Decide),
        )
        .add_systems(
            Tick,
            (
                collect_replies::<O, A>,
                decide_batches::<O, A>,
                release_held::<O, A>,
            )
                .chain()
                .in_set(self.turn),
        );
        let mut looks = app.world_mut().get_resource_or_init::<Unpriced>();
        looks.0.push(|world| {
            let decisions = world.get_resource::<Decisions<O, A>>();
            decisions.map_or_else(Vec::new, Decisions::unpriced)
        });
    }
}

/// Takes the replies that arrived and turns them into decisions or further attempts.
fn collect_replies<O: Clone + Send + Sync + 'static, A: Send + Sync + 'static>(
    context: Res<RunContext>,
    limiter: Res<Limiter>,
    mut decisions: ResMut<Decisions<O, A>>,
    mut inbox: ResMut<Inbox>,
    mut activity: ResMut<Activity>,
    mut uses: Query<&mut EpisodeUse>,
    mut keeping: Keeping<A>,
) {
    if decisions.waiting.is_empty() {
        return;
    }
    let decisions = &mut *decisions;
    let inbox = &mut *inbox;
    let (mine, others) = std::mem::take(&mut inbox.arrived)
        .into_iter()
        .partition(|f| decisions.waiting.contains_key(&f.ticket));
    inbox.arrived = others;
    let mine: Vec<rounds_models::Finished> = mine;
    for finished in mine {
        activity.note();
        let model = match decisions
            .waiting
            .get(&finished.ticket)
            .map(|w| &decisions.deciders[w.decider])
        {
            Some(Decider::Model { server, .. }) => server.name().to_owned(),
            _ => continue,
        };
        let records = CallRecord::all(&model, &finished);
        if !limiter.is_idle() {
            let recorded = decisions.recorded(finished.ticket, &finished.request);
            if recorded.is_none() {
                limiter.pay(paid(&records));
            }
            let spent = recorded.unwrap_or_else(|| Spent::of_request(&records));
            let episode = decisions.waiting.get(&finished.ticket);
            if let Some(Ok(mut of)) = episode.map(|w| uses.get_mut(w.origin.episode)) {
                limiter.add(&mut of, finished.request.key.agent, spent);
            }
        }
        inbox.calls.extend(records);
        let Some(waiting) = decisions.waiting.get_mut(&finished.ticket) else {
            continue;
        };
        let Decider::Model {
            policy, re_asks, ..
        } = decisions.deciders[waiting.decider].clone()
        else {
            continue;
        };
        let read = match finished.result {
            Ok(reply) => Ok((policy.read(&waiting.ask, &reply.text), reply.text)),
            Err(error) => match error.unreadable() {
                Some(note) => Ok((Reading::AskAgain(note.to_owned()), String::new())),
                None => Err(error),
            },
        };
        let result = match read {
            Ok((Reading::Action(action), _)) => Ok(action),
            Ok((Reading::Mended(action, how), _)) => {
                waiting.faults.mended = how;
                Ok(action)
            }
            Ok((Reading::AskAgain(note), reply)) => {
                waiting.faults.malformed += 1;
                waiting.faults.why.clone_from(&note);
                if waiting.faults.malformed <= re_asks {
                    waiting.attempt += 1;
                    waiting.unread = Some((reply, note));
                    let limits = (&*limiter, context.seed);
                    decisions.send_or_hold(inbox, limits, finished.ticket, &mut keeping);
                    continue;
                }
                waiting.faults.neutral = true;
                policy.neutral(&waiting.ask).map_err(|error| match error {
                    PolicyError::Garbage(text) => PolicyError::Garbage(format!("{text}: {note}")),
                    other => other,
                })
            }
            Err(error) => {
                let failures = waiting.attempt - waiting.faults.malformed + 1;
                if error.is_retryable() && failures < decisions.attempts {
                    waiting.attempt += 1;
                    let limits = (&*limiter, context.seed);
                    decisions.send_or_hold(inbox, limits, finished.ticket, &mut keeping);
                    continue;
                }
                Err(match error {
                    ModelError::Unanswered { why } => PolicyError::Left(why),
                    other => PolicyError::Call {
                        kind: other.kind().to_owned(),
                        message: other.to_string(),
                        passing: other.is_passing(),
                    },
                })
            }
        };
        decisions.decide(finished.ticket, result, &mut keeping);
    }
}

/// Decides every queued batch; requests of model policies are sent off.
fn decide_batches<O: Clone + Send + Sync + 'static, A: Send + Sync + 'static>(
    context: Res<RunContext>,
    limiter: Res<Limiter>,
    mut decisions: ResMut<Decisions<O, A>>,
    mut inbox: ResMut<Inbox>,
    mut activity: ResMut<Activity>,
    mut keeping: Keeping<A>,
) {
    let decisions = &mut *decisions;
    for decider in 0..decisions.deciders.len() {
        if decisions.batches[decider].is_empty() {
            continue;
        }
        activity.note();
        let mut batch = std::mem::take(&mut decisions.batches[decider]);
        let mut origins = std::mem::take(&mut decisions.origins[decider]);
        match decisions.deciders[decider].clone() {
            Decider::Direct(policy) => {
                let results = decide_isolated(policy.as_ref(), context.seed, &batch);
                decisions.decided += batch.len() as u64;
                for ((ask, origin), result) in batch.drain(..).zip(origins.drain(..)).zip(results) {
                    let decision = Decision {
                        key: ask.key,
                        result,
                        faults: ReplyFaults::default(),
                    };
                    keeping.keep(&origin, decision);
                }
                decisions.batches[decider] = batch;
                decisions.origins[decider] = origins;
            }
            Decider::Model { .. } => {
                for (ask, origin) in batch.into_iter().zip(origins) {
                    let ticket = inbox.ticket();
                    decisions.waiting.insert(
                        ticket,
                        Waiting {
                            origin,
                            decider,
                            ask,
                            attempt: 0,
                            faults: ReplyFaults::default(),
                            unread: None,
                        },
                    );
                    let limits = (&*limiter, context.seed);
                    decisions.send_or_hold(&mut inbox, limits, ticket, &mut keeping);
                }
            }
        }
    }
}
