//! Days of the shipped clinic, on one core, log on: how long each arm takes in each configuration.
//!
//! `cargo bench -p rounds-tests --bench day`
//!
//! Plain lines rather than a sampling harness: a day takes tens of milliseconds. The least
//! processor time of a few turns counts. Rules should take less than 50 ms a day.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;

use std::path::Path;

use bevy_app::App;
use measure::timed;
use rounds::agents::engine::{
    Engine, EngineError, EngineOptions, FinishedEpisode, Outcome, RunSink,
};
use rounds::environments::ids::EpisodeIx;
use rounds::environments::streams::RunSeed;
use rounds::family::build;
use rounds::models::CallRecord;
use rounds::run::Experiment;
use rounds::schema::{Family, Overrides, Scenario};
use rounds::speech::Cassette;

/// Days of each configuration.
const DAYS: u32 = 8;
/// How often they are run.
const TURNS: usize = 5;

#[derive(Default)]
struct Bytes(usize);

impl RunSink for Bytes {
    fn finished(&mut self, episode: FinishedEpisode) -> Result<(), EngineError> {
        assert_eq!(episode.outcome, Outcome::Done);
        self.0 += episode.events.len();
        Ok(())
    }

    fn calls(&mut self, _: Vec<CallRecord>) -> Result<(), EngineError> {
        Ok(())
    }
}

fn main() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/clinic-day.toml");
    let set = Scenario::load(&file, &Overrides::default()).expect("the shipped scenario is valid");
    for arm in &set.arms {
        let Family::ClinicDay(family) = &arm.scenario.family else {
            continue;
        };
        let built = build(&set, arm, &Cassette::default()).expect("the shipped arms can be built");
        let names = family.environment.configurations.iter();
        for (number, one) in names.enumerate() {
            let figures = measured(
                built.experiment(),
                number,
                family.environment.configurations.len(),
            );
            println!("{:<10} {:<24} {figures}", arm.name, one.name);
        }
    }
}

/// Milliseconds and kilobytes of a day.
fn measured(experiment: &Experiment, number: usize, configurations: usize) -> String {
    let mut least = f64::INFINITY;
    let mut written = 0;
    for _ in 0..TURNS {
        let install = experiment.install.clone();
        let options = EngineOptions {
            seed: RunSeed(experiment.manifest.seed),
            in_flight: 1,
            log: true,
        };
        let family = move |app: &mut App| install(app);
        let mut engine = Engine::new(options, family).expect("the schedule can be built");
        let mut sink = Bytes::default();
        let days = (0..DAYS).map(|day| day * configurations as u32 + number as u32);
        let (done, took) = timed(|| engine.run(&mut days.map(EpisodeIx), &mut sink));
        done.expect("every day can move");
        least = least.min(took.cpu.as_secs_f64());
        written = sink.0;
    }
    let days = f64::from(DAYS);
    format!(
        "{:6.1} ms CPU a day, {:5.0} kB of log",
        least * 1e3 / days,
        written as f64 / 1e3 / days
    )
}
