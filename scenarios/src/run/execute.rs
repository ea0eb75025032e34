//! Runs the episodes of an experiment on worker worlds.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use bevy_app::App;
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, EpisodeSource, FinishedEpisode, Limits, RunLedger, RunSink,
};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::{CallRecord, Spent};

use super::directory::{Manifest, Opened, RunDirectory};
use super::error::RunError;
use super::ledger::spent_before;
use super::score::Score;

/// What is run: a family with all that it needs, and how its log is scored.
#[derive(Clone)]
pub struct Experiment {
    /// What goes into `manifest.json`.
    pub manifest: Manifest,
    /// Episodes in flight in each world.
    pub in_flight: usize,
    /// Adds the family to a world; called once for each worker.
    pub install: Arc<dyn Fn(&mut App) + Send + Sync>,
    /// Derives metrics and rows from the log of an episode.
    pub score: Arc<dyn Score>,
    /// What the requests of agents, of episodes and of the run may take.
    pub limits: Limits,
}

/// How it is run.
#[derive(Debug, Clone)]
pub struct ExecuteOptions {
    /// The run directory.
    pub out: PathBuf,
    /// Continue what is there.
    pub resume: bool,
    /// Worker worlds, at most 512 and at most one for each episode.
    pub jobs: usize,
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Episodes that ended.
    pub finished: u32,
    /// Episodes asked for.
    pub asked: u32,
}

/// What a run took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Executed {
    /// Wall-clock seconds.
    pub wall_s: f64,
    /// Episodes that were run now rather than kept.
    pub episodes: u32,
}

/// Worker worlds at most: more threads than any machine has cores only cost memory.
const MOST_JOBS: usize = 512;

enum News {
    Finished(FinishedEpisode),
    Calls(Vec<CallRecord>),
}

/// Runs every episode of `experiment` that is not there yet into `options.out`.
///
/// `watch` sees every finished episode as it comes, in no particular order.
///
/// # Errors
/// [`RunError`]; what was finished before stays in the directory and can be resumed.
pub fn execute(
    experiment: &Experiment,
    options: &ExecuteOptions,
    watch: &mut dyn FnMut(Progress, &FinishedEpisode),
) -> Result<Executed, RunError> {
    let began = Instant::now();
    check_prices(experiment)?;
    let before = match options.resume {
        true => spent_before(&options.out)?,
        false => Spent::default(),
    };
    let ledger = Arc::new(RunLedger::new(before));
    let mut directory =
        match RunDirectory::open(&options.out, &experiment.manifest, options.resume)? {
            Opened::Complete => return Ok(Executed::default()),
            Opened::Open(directory) => directory,
        };
    let asked = experiment.manifest.episodes;
    let kept = directory.finished();
    let mut progress = Progress {
        finished: kept.len() as u32,
        asked,
    };
    let jobs = options.jobs.clamp(1, MOST_JOBS.min(asked.max(1) as usize));
    let first = experiment.manifest.first;
    let next = AtomicU32::new(first);
    let end = first.saturating_add(asked);
    // Bounded: workers wait when the disk is slower than they are.
    let (sender, receiver) = sync_channel(4 * jobs);
    let mut episodes = 0;
    let outcome = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs)
            .map(|_| {
                let sender = sender.clone();
                let (next, kept, ledger) = (&next, &kept, Arc::clone(&ledger));
                let left = Remaining { next, end, kept };
                scope.spawn(move || work(experiment, ledger, left, sender))
            })
            .collect();
        drop(sender);
        let written = write(&mut directory, &receiver, &mut |episode| {
            progress.finished += 1;
            episodes += 1;
            watch(progress, episode);
        });
        // Workers stop at their next send when the writer failed.
        drop(receiver);
        for worker in workers {
            match worker.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) if written.is_ok() => return Err(error),
                Ok(Err(_)) => {}
                Err(panic) => {
                    let text = panic
                        .downcast_ref::<String>()
                        .cloned()
                        .or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                    return Err(RunError::Worker(
                        text.unwrap_or_else(|| "no message".to_owned()),
                    ));
                }
            }
        }
        written
    });
    if outcome.is_err() {
        // The first error is the one to report; what can still be handed over, is.
        let _ = directory.flush();
    }
    outcome?;
    directory.close()?;
    Ok(Executed {
        wall_s: began.elapsed().as_secs_f64(),
        episodes,
    })
}

fn write(
    directory: &mut RunDirectory,
    receiver: &Receiver<News>,
    watch: &mut dyn FnMut(&FinishedEpisode),
) -> Result<(), RunError> {
    for news in receiver {
        match news {
            News::Finished(episode) => {
                directory.append_episode(&episode)?;
                watch(&episode);
            }
            News::Calls(calls) => directory.append_calls(calls)?,
        }
    }
    Ok(())
}

fn work(
    experiment: &Experiment,
    ledger: Arc<RunLedger>,
    mut left: Remaining,
    sender: SyncSender<News>,
) -> Result<(), RunError> {
    let mut engine = world_of(experiment)?.with_limits(experiment.limits, ledger);
    engine.run(&mut left, &mut Outbox(sender))?;
    Ok(())
}

fn world_of(experiment: &Experiment) -> Result<Engine, RunError> {
    let options = EngineOptions {
        seed: RunSeed(experiment.manifest.seed),
        in_flight: experiment.in_flight,
        log: true,
    };
    let install = Arc::clone(&experiment.install);
    Ok(Engine::new(options, move |app: &mut App| install(app))?)
}

/// Refuses a limit in money where the price of a model is not known, before anything is paid.
fn check_prices(experiment: &Experiment) -> Result<(), RunError> {
    let Some(limit) = experiment.limits.money() else {
        return Ok(());
    };
    match world_of(experiment)?.unpriced_models().first() {
        Some(model) => Err(RunError::Input(format!(
            "{limit}: money cannot be limited, since the price of the model {model:?} is not \
             known; give its price, or limit tokens"
        ))),
        None => Ok(()),
    }
}

/// Hands out the episodes that are not there yet, to whichever worker asks first.
struct Remaining<'a> {
    next: &'a AtomicU32,
    end: u32,
    kept: &'a BTreeSet<u32>,
}

impl EpisodeSource for Remaining<'_> {
    fn next_episode(&mut self) -> Option<EpisodeIx> {
        loop {
            let ix = self.next.fetch_add(1, Ordering::Relaxed);
            if ix >= self.end {
                return None;
            }
            if !self.kept.contains(&ix) {
                return Some(EpisodeIx(ix));
            }
        }
    }
}

struct Outbox(SyncSender<News>);

impl Outbox {
    fn send(&mut self, news: News) -> Result<(), EngineError> {
        self.0.send(news).map_err(|_| EngineError::Sink {
            what: "the writer of the run directory stopped".to_owned(),
            source: std::io::Error::from(std::io::ErrorKind::BrokenPipe),
        })
    }
}

impl RunSink for Outbox {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        self.send(News::Finished(episode))
    }

    fn calls(&mut self, calls: Vec<CallRecord>) -> Result<(), EngineError> {
        self.send(News::Calls(calls))
    }
}

/// The folder of a run under `runs/`, named after the scenario and the content.
pub fn default_folder(base: &Path, scenario: &str, stamp: &str, hash: &str) -> PathBuf {
    // A name such as `../x` must not lead out of `base`.
    let plain = |c: char| if c.is_alphanumeric() { c } else { '-' };
    let scenario: String = scenario.chars().map(plain).collect();
    base.join(format!(
        "{scenario}-{stamp}-{}",
        hash.get(..8).unwrap_or(hash)
    ))
}
