//! What requests took, and whether more may be sent.
//!
//! What agents and episodes took is known where it is checked: the requests of an episode are then
//! sent in waves, each once the wave before is answered, so that what is cut depends on the replies
//! of that episode alone and on no order of arrival. A run is shared by all worlds: its counters
//! are atomic, a wave reserves its calls at once, and whatever else is in flight when a limit is
//! reached still comes in.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use bevy_ecs::prelude::*;
use rounds_environments::ids::{AgentId, RoundIx};
use rounds_models::Spent;

use super::episode::{Episode, Outcome};
use super::limits::{Caps, Level, LimitHit, Limits, NANO, Quantity};
use super::phase::Activity;

/// What is taken, against what may be.
struct Taken {
    level: Level,
    spent: Spent,
    /// Wall time, in milliseconds.
    millis: u64,
    /// Rounds with the coming wave.
    rounds: u64,
}

impl Taken {
    /// The first limit that `calls` more calls would pass.
    fn check(&self, caps: &Caps, calls: u64) -> Result<(), LimitHit> {
        let hit = |quantity, used, most, further, unpriced| LimitHit {
            level: self.level,
            quantity,
            used,
            most,
            further,
            unpriced,
        };
        let spent = &self.spent;
        if let Some(most) = caps.calls
            && spent.calls.saturating_add(calls) > most
        {
            return Err(hit(Quantity::Calls, spent.calls, most, calls, 0));
        }
        if let Some(most) = caps.tokens
            && spent.tokens >= most
        {
            return Err(hit(Quantity::Tokens, spent.tokens, most, 0, 0));
        }
        if let Some(most) = caps.usd.map(|usd| (usd * NANO).round() as u64)
            && (spent.nano_usd >= most || spent.unpriced > 0)
        {
            let (used, unpriced) = (spent.nano_usd, spent.unpriced);
            return Err(hit(Quantity::Usd, used, most, 0, unpriced));
        }
        if let Some(most) = caps.rounds
            && self.rounds > most
        {
            return Err(hit(Quantity::Rounds, most, most, 0, 0));
        }
        self.check_time(caps)
    }

    fn check_time(&self, caps: &Caps) -> Result<(), LimitHit> {
        match caps.seconds.map(|seconds| (seconds * 1e3).round() as u64) {
            Some(most) if self.millis >= most => Err(LimitHit {
                level: self.level,
                quantity: Quantity::Seconds,
                used: self.millis,
                most,
                further: 0,
                unpriced: 0,
            }),
            _ => Ok(()),
        }
    }
}

fn millis_since(began: Instant) -> u64 {
    u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// What a run took so far, shared by its worlds.
#[derive(Debug)]
pub struct RunLedger {
    began: Instant,
    calls: AtomicU64,
    tokens: AtomicU64,
    nano_usd: AtomicU64,
    unpriced: AtomicU64,
    rounds: AtomicU64,
    hit: OnceLock<LimitHit>,
}

impl RunLedger {
    /// The ledger of a run that begins now, and that took `before` when it was interrupted.
    pub fn new(before: Spent) -> Self {
        Self {
            began: Instant::now(),
            calls: before.calls.into(),
            tokens: before.tokens.into(),
            nano_usd: before.nano_usd.into(),
            unpriced: before.unpriced.into(),
            rounds: AtomicU64::new(0),
            hit: OnceLock::new(),
        }
    }

    /// The limit of the run that was hit, if any.
    pub fn hit(&self) -> Option<LimitHit> {
        self.hit.get().copied()
    }

    fn taken(&self, calls: u64, rounds: u64) -> Taken {
        let get = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Taken {
            level: Level::Run,
            spent: Spent {
                calls,
                tokens: get(&self.tokens),
                nano_usd: get(&self.nano_usd),
                unpriced: get(&self.unpriced),
                millis: 0,
            },
            millis: millis_since(self.began),
            rounds,
        }
    }

    /// Reserves a wave of `calls` that begins `rounds` further rounds, or says which limit is hit.
    fn admit(&self, caps: &Caps, calls: u64, rounds: u64) -> Result<(), LimitHit> {
        if let Some(hit) = self.hit() {
            return Err(hit);
        }
        let before = self.calls.fetch_add(calls, Ordering::SeqCst);
        let begun = self.rounds.fetch_add(rounds, Ordering::SeqCst);
        let taken = self.taken(before, begun.saturating_add(rounds));
        taken.check(caps, calls).map_err(|hit| {
            self.calls.fetch_sub(calls, Ordering::SeqCst);
            self.rounds.fetch_sub(rounds, Ordering::SeqCst);
            *self.hit.get_or_init(|| hit)
        })
    }

    fn check_time(&self, caps: &Caps) -> Result<(), LimitHit> {
        let hit = |hit| *self.hit.get_or_init(|| hit);
        self.taken(0, 0).check_time(caps).map_err(hit)
    }

    /// Puts what a request took in the place of its reserved call.
    fn settle(&self, paid: Spent) {
        self.calls.fetch_add(paid.calls, Ordering::SeqCst);
        self.calls.fetch_sub(1, Ordering::SeqCst);
        self.tokens.fetch_add(paid.tokens, Ordering::SeqCst);
        self.nano_usd.fetch_add(paid.nano_usd, Ordering::SeqCst);
        self.unpriced.fetch_add(paid.unpriced, Ordering::SeqCst);
    }
}

/// The limits of a world, and the ledger that it shares with the other worlds of its run.
#[derive(Resource, Debug, Clone)]
pub(super) struct Limiter {
    limits: Limits,
    run: Arc<RunLedger>,
}

/// A request that is about to be sent.
pub(super) struct Coming {
    pub(super) agent: AgentId,
    pub(super) round: RoundIx,
    /// It is answered from a recording: nothing is paid for it now.
    pub(super) recorded: bool,
}

/// What the requests of an episode took.
#[derive(Component, Debug)]
pub(super) struct EpisodeUse {
    began: Instant,
    spent: Spent,
    agents: BTreeMap<AgentId, AgentUse>,
    round: u64,
    /// Requests that models have.
    pub(super) in_flight: u32,
    /// The limit that ends the episode.
    pub(super) cut: Option<LimitHit>,
}

#[derive(Debug, Clone, Copy, Default)]
struct AgentUse {
    spent: Spent,
    rounds: u64,
    last_round: u32,
}

impl Default for EpisodeUse {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            spent: Spent::default(),
            agents: BTreeMap::new(),
            round: 0,
            in_flight: 0,
            cut: None,
        }
    }
}

impl Limiter {
    pub(super) fn new(limits: Limits, run: Arc<RunLedger>) -> Self {
        Self { limits, run }
    }

    /// Whether there is no limit to watch.
    pub(super) fn is_idle(&self) -> bool {
        self.limits.is_empty()
    }

    /// Whether time passes that is limited.
    pub(super) fn watches_time(&self) -> bool {
        self.limits.episode.seconds.is_some() || self.limits.run.seconds.is_some()
    }

    /// Lets a wave of requests of one episode go, all or none.
    pub(super) fn admit(&self, of: &mut EpisodeUse, wave: &[Coming]) -> Result<(), LimitHit> {
        let mut agents: BTreeMap<AgentId, (AgentUse, u64)> = BTreeMap::new();
        let mut round = of.round;
        for coming in wave {
            let known = || (of.agents.get(&coming.agent).copied().unwrap_or_default(), 0);
            let (agent, calls) = agents.entry(coming.agent).or_insert_with(known);
            *calls += 1;
            if coming.round.0 != agent.last_round {
                agent.last_round = coming.round.0;
                agent.rounds += 1;
            }
            round = round.max(coming.round.0.into());
        }
        for (&id, (agent, calls)) in &agents {
            let taken = Taken {
                level: Level::Agent(id),
                spent: agent.spent,
                millis: agent.spent.millis,
                rounds: agent.rounds,
            };
            taken.check(&self.limits.agent, *calls)?;
        }
        let taken = Taken {
            level: Level::Episode,
            spent: of.spent,
            millis: millis_since(of.began),
            rounds: round,
        };
        taken.check(&self.limits.episode, wave.len() as u64)?;
        let paid = wave.iter().filter(|coming| !coming.recorded).count() as u64;
        if paid > 0 {
            self.run.admit(&self.limits.run, paid, round - of.round)?;
        }
        for (id, (agent, _)) in agents {
            of.agents.insert(id, agent);
        }
        of.round = round;
        of.in_flight += wave.len() as u32;
        Ok(())
    }

    /// Adds what a request took to its agent and its episode.
    pub(super) fn add(&self, of: &mut EpisodeUse, agent: AgentId, spent: Spent) {
        of.in_flight = of.in_flight.saturating_sub(1);
        of.spent += spent;
        of.agents.entry(agent).or_default().spent += spent;
    }

    /// Adds what was paid for a request to the run.
    pub(super) fn pay(&self, paid: Spent) {
        self.run.settle(paid);
    }

    /// The limit of time that an episode has passed.
    pub(super) fn check_time(&self, of: &EpisodeUse) -> Result<(), LimitHit> {
        let taken = Taken {
            level: Level::Episode,
            spent: Spent::default(),
            millis: millis_since(of.began),
            rounds: 0,
        };
        taken.check_time(&self.limits.episode)?;
        self.run.check_time(&self.limits.run)
    }
}

/// Ends episodes that a limit cut or whose time is up. Whoever awaits replies is left to them: they
/// are paid for, and are recorded when they come.
pub(super) fn enforce_limits(
    limiter: Res<Limiter>,
    mut activity: ResMut<Activity>,
    mut episodes: Query<(&mut Episode, &EpisodeUse)>,
) {
    if limiter.is_idle() {
        return;
    }
    let timed = limiter.watches_time();
    for (mut episode, of) in &mut episodes {
        if of.in_flight > 0 || episode.outcome.is_some() {
            continue;
        }
        let cut = match of.cut {
            None if timed => limiter.check_time(of).err(),
            cut => cut,
        };
        if let Some(hit) = cut {
            activity.note();
            episode.end(Outcome::Limited(hit));
        }
    }
}
