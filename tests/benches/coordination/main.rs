//! Rounds of multi-agent coordination on one core: how fast, and what the engine adds to a plain
//! loop over the same world and agents. Target tracking with 20 agents and 30 targets in 1250
//! rounds.
//!
//! `cargo bench -p rounds-tests --bench coordination`
//!
//! Loop and engine take turns in one run; ratios are of the medians of processor time. The loop has
//! neither log nor isolation of failures, and both must do the same and be paid the same in every
//! round.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;
mod plain;

use std::sync::Arc;
use std::time::Duration;

use measure::timed;
use plain::Plain;
use rounds_agents::coordination::CoordinationPlugin;
use rounds_environments::coordination::tracking::{TrackingConfig, TrackingFactory};
use rounds_environments::coordination::{CoordinationFactory, GraphKind};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::Method;
use rounds_tests::coordination::{engine, greedy, make, named, play, sparse, tracking};

const SEED: RunSeed = RunSeed(7);
const EPISODE: EpisodeIx = EpisodeIx(0);
/// Maximisers of MA-MPL.
const LEVELS: u32 = 12;
/// How often each variant is run.
const TURNS: usize = 9;

/// Ways to play an episode.
const VARIANTS: [&str; 4] = [
    "plain loop",
    "engine, log off",
    "engine, log on",
    // What scenarios have when they say nothing; its work is its own, not the engine's.
    "... and regret, pictures",
];

fn main() {
    let config = TrackingConfig::default();
    println!(
        "{} agents, {} targets, {} rounds, one core, median of {TURNS}",
        config.agents, config.targets, config.horizon
    );
    for (graph, kind) in [("complete", GraphKind::Complete), ("sparse", sparse())] {
        let factory = Arc::new(tracking(config.clone(), kind));
        for name in ["ma-spl", "ma-mpl"] {
            compare(&format!("{name}, {graph} graph"), &factory, name);
        }
    }
}

fn compare(title: &str, factory: &Arc<TrackingFactory>, name: &str) {
    let method = named(name, LEVELS);
    let rounds = factory.horizon() as usize;
    let mut took: [Vec<Duration>; VARIANTS.len()] = Default::default();
    let family = |all: bool| CoordinationPlugin {
        factory: factory.clone(),
        choosing: make(&method).into(),
        yardstick: all.then(greedy),
        picture_every: if all { 10 } else { 0 },
    };
    for turn in 0..TURNS {
        let (rows, plain) = timed(|| plain_run(&**factory, &method));
        took[0].push(plain.cpu);
        let logs = [(false, false), (true, false), (true, true)];
        for (variant, (log, all)) in logs.into_iter().enumerate() {
            let (events, engine) = timed(|| {
                let mut engine = engine(family(all), SEED, log);
                play(&mut engine, EPISODE)
            });
            took[variant + 1].push(engine.cpu);
            if turn == 0 && log {
                same_rounds(&rows, &events);
            }
        }
    }
    println!("{title}: the same actions and utilities from loop and engine");
    let median = took.map(|mut took| {
        took.sort();
        took[took.len() / 2].as_secs_f64()
    });
    for (variant, seconds) in VARIANTS.iter().zip(median) {
        println!(
            "  {variant:<24} {:>7.1} ms CPU, {:>7.0} rounds/s, ratio {:.2}",
            seconds * 1e3,
            rounds as f64 / seconds,
            seconds / median[0]
        );
    }
}

/// Actions and utility of a round.
type Row = (Vec<Option<u32>>, f64);

fn plain_run(factory: &dyn CoordinationFactory, method: &Method) -> Vec<Row> {
    let scene = factory.reset(SEED, EPISODE).expect("the scene can be made");
    let horizon = factory.horizon();
    let plain = Plain::new(scene, method, horizon, SEED, EPISODE);
    let mut plain = plain.expect("the settings are sound");
    (0..horizon)
        .map(|_| {
            let (actions, utility) = plain.play().expect("the objective is sound");
            (actions.to_vec(), utility)
        })
        .collect()
}

/// Numbers are compared as the log writes them, which tells any two apart.
fn same_rounds(rows: &[Row], events: &[u8]) {
    let text = std::str::from_utf8(events).expect("events are text");
    let acted: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("\"kind\":\"acted\""))
        .collect();
    assert_eq!(acted.len(), rows.len());
    for (round, (line, (actions, utility))) in acted.iter().zip(rows).enumerate() {
        let actions = serde_json::to_string(actions).expect("actions are JSON");
        let utility = serde_json::to_string(utility).expect("a number is JSON");
        let expected = format!("\"actions\":{actions},\"utility\":{utility},");
        assert!(
            line.contains(&expected),
            "round {}: {line}, expected {expected}",
            round + 1
        );
    }
}
