//! The world and its loop: admits episodes, runs ticks, hands finished episodes on.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Once};

use bevy_app::{App, Plugin};
use bevy_ecs::prelude::*;
use bevy_ecs::schedule::{LogLevel, ScheduleBuildSettings, SingleThreadedExecutor};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::{CallRecord, Spent};

use super::decide::fall_asleep;
use super::episode::{Episode, EpisodeFailure, EpisodeLog, Outcome};
use super::inbox::{Inbox, receive_replies};
use super::ledger::{Limiter, RunLedger, enforce_limits};
use super::limits::Limits;
use super::log::EventLog;
use super::phase::{Activity, Phase, Tick};

/// What is the same for all episodes of a run.
#[derive(Resource, Debug, Clone, Copy)]
pub struct RunContext {
    /// Seed of the run.
    pub seed: RunSeed,
    /// Whether events are kept.
    pub log: bool,
}

/// Looks for models without a price among the deciders of one kind of decisions.
pub(super) type PriceLook = fn(&World) -> Vec<String>;

/// One look for each kind of decisions.
#[derive(Resource, Default)]
pub(super) struct Unpriced(pub(super) Vec<PriceLook>);

/// Makes the entities of an episode below its entity.
#[derive(Resource, Clone)]
pub struct Spawner(
    /// Called with the world and the episode's entity.
    pub Arc<dyn Fn(&mut World, Entity, EpisodeIx) -> Result<(), EpisodeFailure> + Send + Sync>,
);

/// An episode that ended.
#[derive(Debug, Clone, PartialEq)]
pub struct FinishedEpisode {
    /// Its number.
    pub ix: EpisodeIx,
    /// How it ended.
    pub outcome: Outcome,
    /// Its event lines.
    pub events: Vec<u8>,
}

#[derive(Resource, Debug, Default)]
struct Retired(Vec<FinishedEpisode>);

/// Gives the numbers of the episodes to run; shared between workers.
pub trait EpisodeSource {
    /// The next episode, or `None` when there is no more.
    fn next_episode(&mut self) -> Option<EpisodeIx>;
}

impl<I: Iterator<Item = EpisodeIx>> EpisodeSource for I {
    fn next_episode(&mut self) -> Option<EpisodeIx> {
        self.next()
    }
}

/// Takes what a run leaves.
pub trait RunSink {
    /// An episode ended.
    ///
    /// # Errors
    /// When it could not be kept; the run then ends.
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError>;

    /// Calls of models ended.
    ///
    /// # Errors
    /// When they could not be kept; the run then ends.
    fn calls(&mut self, calls: Vec<CallRecord>) -> Result<(), EngineError>;
}

/// Why a run ended early.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The schedule could not be built: two systems conflict without an order between them.
    #[error("the schedule cannot be built: {0}")]
    Schedule(String),
    /// What the run leaves could not be kept.
    #[error("{what}")]
    Sink {
        /// What could not be done.
        what: String,
        /// The system's error.
        #[source]
        source: std::io::Error,
    },
    /// No episode can move and no reply is awaited: a fault of the family's systems.
    #[error("{0} episodes can not move and await nothing")]
    Stuck(usize),
}

/// Options of one world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EngineOptions {
    /// Seed of the run.
    pub seed: RunSeed,
    /// Most episodes in the world at once.
    pub in_flight: usize,
    /// Whether events are kept.
    pub log: bool,
}

/// One world with the systems of its families.
pub struct Engine {
    world: World,
    in_flight: usize,
}

impl Engine {
    /// Builds a world with the engine's systems and those of `family`.
    ///
    /// # Errors
    /// [`EngineError::Schedule`] when systems conflict without an order between them.
    pub fn new(options: EngineOptions, family: impl Plugin) -> Result<Self, EngineError> {
        let mut app = App::empty();
        let mut tick = tick_schedule();
        tick.add_systems((
            receive_replies.in_set(Phase::Perceive),
            (enforce_limits, retire_finished, fall_asleep)
                .chain()
                .in_set(Phase::Record),
        ));
        app.add_schedule(tick);
        app.insert_resource(RunContext {
            seed: options.seed,
            log: options.log,
        })
        .init_resource::<Activity>()
        .init_resource::<Inbox>()
        .init_resource::<Retired>()
        .init_resource::<Unpriced>()
        .insert_resource(Limiter::new(
            Limits::default(),
            Arc::new(RunLedger::new(Spent::default())),
        ));
        app.add_plugins(family);
        Ok(Self {
            world: built(app).map_err(EngineError::Schedule)?,
            in_flight: options.in_flight.max(1),
        })
    }

    /// Sets limits of calls, tokens, money, time and rounds. Worlds of one run share its ledger.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits, run: Arc<RunLedger>) -> Self {
        self.world.insert_resource(Limiter::new(limits, run));
        self
    }

    /// Names of models that decide in this world and whose price is not known: a limit in money
    /// means nothing for them.
    pub fn unpriced_models(&self) -> Vec<String> {
        let Unpriced(looks) = self.world.resource::<Unpriced>();
        looks.iter().flat_map(|look| look(&self.world)).collect()
    }

    /// The world, for tests and for families that bring resources of their own.
    pub fn world_mut(&mut self) -> &mut World {
        &mut self.world
    }

    /// Runs every episode of `source` to its end.
    ///
    /// # Errors
    /// [`EngineError`] when the sink fails or no episode can move.
    pub fn run(
        &mut self,
        source: &mut dyn EpisodeSource,
        sink: &mut dyn RunSink,
    ) -> Result<(), EngineError> {
        let mut running = 0_usize;
        let mut more = true;
        loop {
            while more && running < self.in_flight {
                match source.next_episode() {
                    Some(ix) => {
                        self.admit(ix);
                        running += 1;
                    }
                    None => more = false,
                }
            }
            if running == 0 {
                return Ok(());
            }
            self.world.run_schedule(Tick);
            let retired = std::mem::take(&mut self.world.resource_mut::<Retired>().0);
            let moved = self.world.resource_mut::<Activity>().take() > 0 || !retired.is_empty();
            let mut inbox = self.world.resource_mut::<Inbox>();
            let calls = std::mem::take(&mut inbox.calls);
            if !moved && !inbox.sleep() {
                return Err(EngineError::Stuck(running));
            }
            if !calls.is_empty() {
                sink.calls(calls)?;
            }
            running -= retired.len();
            for episode in retired {
                sink.finished(episode)?;
            }
        }
    }

    fn admit(&mut self, ix: EpisodeIx) {
        let log = self.world.resource::<RunContext>().log;
        let spawner = self.world.get_resource::<Spawner>().cloned();
        let entity = self
            .world
            .spawn((Episode::new(ix), EpisodeLog(EventLog::new(ix.0, log))))
            .id();
        let made = match spawner {
            Some(Spawner(spawn)) => {
                quietly(|| catch_unwind(AssertUnwindSafe(|| spawn(&mut self.world, entity, ix))))
                    .unwrap_or_else(|panic| {
                        Err(EpisodeFailure(format!(
                            "panicked: {}",
                            panic_text(panic.as_ref())
                        )))
                    })
            }
            None => Err(EpisodeFailure(
                "no family spawns episodes in this world".to_owned(),
            )),
        };
        if let Err(EpisodeFailure(reason)) = made
            && let Some(mut episode) = self.world.get_mut::<Episode>(entity)
        {
            episode.end(Outcome::Failed(format!(
                "the episode could not be made: {reason}"
            )));
        }
    }
}

/// The schedule of a tick: one thread, phases in order, no conflict without an order.
pub(crate) fn tick_schedule() -> Schedule {
    let mut tick = Schedule::new(Tick);
    tick.set_executor(SingleThreadedExecutor::new());
    tick.set_build_settings(ScheduleBuildSettings {
        ambiguity_detection: LogLevel::Error,
        ..Default::default()
    });
    tick.configure_sets(
        (
            Phase::Perceive,
            Phase::Decide,
            Phase::Act,
            Phase::Advance,
            Phase::Record,
        )
            .chain(),
    );
    tick
}

/// The world of an app, whose tick can run; else why it cannot.
pub(crate) fn built(mut app: App) -> Result<World, String> {
    app.finish();
    app.cleanup();
    let mut world = std::mem::take(app.world_mut());
    world.schedule_scope(Tick, |world, schedule| {
        schedule
            .initialize(world)
            .map(|_| ())
            .map_err(|error| error.to_string(schedule.graph(), world))
    })?;
    Ok(world)
}

/// Writes the last event of finished episodes and despawns them.
fn retire_finished(
    mut commands: Commands,
    mut retired: ResMut<Retired>,
    mut episodes: Query<
        (
            Entity,
            &mut Episode,
            &mut EpisodeLog,
            &super::episode::EpisodeClock,
        ),
        Changed<Episode>,
    >,
) {
    for (entity, mut episode, mut log, clock) in &mut episodes {
        let Some(outcome) = episode.bypass_change_detection().outcome.take() else {
            continue;
        };
        let log_round = log.0.last_round();
        if let Some(mut event) = log
            .0
            .event(log_round, clock.0.now_min(), "world", "", "ended")
        {
            event.add("outcome", outcome.word());
            if let Some(reason) = outcome.reason() {
                event.add("reason", &*reason);
            }
            if let Outcome::Unserved(_) = &outcome {
                event.add("passing", &true);
            }
            if let Outcome::Limited(hit) = &outcome {
                event.add("limit", hit.name());
            }
        }
        retired.0.push(FinishedEpisode {
            ix: episode.ix,
            outcome,
            events: log.0.take(),
        });
        commands.entity(entity).despawn();
    }
}

/// The message of a panic.
pub(crate) fn panic_text(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|s| (*s).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned())
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` without the panic hook's output on this thread: a panic of a policy or of an
/// environment is reported as the reason of its episode instead.
pub(crate) fn quietly<T>(work: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let was = QUIET.replace(true);
    let result = work();
    QUIET.set(was);
    result
}
