//! A rehearsal: some episodes played with a model that asks no server and costs nothing.

use std::sync::Arc;

use bevy_app::App;
use rounds_agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_models::CallRecord;

use crate::family::build;
use crate::run::RunError;
use crate::schema::{Arm, ScenarioSet};
use crate::speech::{Cassette, StandIn};

/// What was played.
#[derive(Debug, Default)]
pub struct Rehearsed {
    /// Calls, which nobody paid for.
    pub calls: Vec<CallRecord>,
    /// Episodes that were played.
    pub episodes: usize,
    /// Episodes of the whole run.
    pub of: u32,
    /// Why episodes failed, of those that did.
    pub failed: Vec<String>,
}

/// Plays at most `most` episodes of an arm, spread over the run: with `instead` of every model, or
/// with the models of the scenario itself, which must then ask no server.
///
/// # Errors
/// [`RunError`] when the arm cannot be built.
pub fn rehearse(
    set: &ScenarioSet,
    arm: &Arm,
    instead: Option<StandIn>,
    most: u32,
) -> Result<Rehearsed, RunError> {
    let cassette = Cassette {
        live: true,
        instead,
        ..Cassette::default()
    };
    let built = build(set, arm, &cassette)?;
    let experiment = built.experiment();
    let (first, asked) = (experiment.manifest.first, experiment.manifest.episodes);
    let count = asked.min(most.max(1));
    let spread = |k: u32| (u64::from(k) * u64::from(asked) / u64::from(count.max(1))) as u32;
    let mut episodes = (0..count).map(|k| EpisodeIx(first + spread(k)));
    let options = EngineOptions {
        seed: RunSeed(experiment.manifest.seed),
        in_flight: experiment.in_flight,
        log: false,
    };
    let install = Arc::clone(&experiment.install);
    let mut heard = Heard::default();
    Engine::new(options, move |app: &mut App| install(app))?.run(&mut episodes, &mut heard)?;
    Ok(Rehearsed {
        calls: heard.calls,
        episodes: count as usize,
        of: asked,
        failed: heard.failed,
    })
}

#[derive(Default)]
struct Heard {
    calls: Vec<CallRecord>,
    failed: Vec<String>,
}

impl RunSink for Heard {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        if let Outcome::Failed(why) = episode.outcome {
            self.failed.push(why);
        }
        Ok(())
    }

    fn calls(&mut self, calls: Vec<CallRecord>) -> Result<(), EngineError> {
        self.calls.extend(calls);
        Ok(())
    }
}
