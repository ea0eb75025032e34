//! How time and memory of a round of multi-agent coordination grow with the number of agents, for every
//! method: target tracking with 1.5 targets an agent on sparse random graphs, on one core.
//!
//! `cargo bench -p rounds-tests --bench coordination_growth`
//!
//! Rounds are those of the plain loop, which the benchmark `coordination` holds the engine against. An
//! exponent of `a` means that `k` times the agents take `k^a` times as much, from 100 to 300 agents.
//! What making an episode takes is told apart.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;
#[path = "../coordination/plain.rs"]
mod plain;

use std::time::{Duration, Instant};

use measure::timed;
use plain::Plain;
use rounds_environments::coordination::tracking::{TrackingConfig, TrackingFactory};
use rounds_environments::coordination::{CommGraph, CoordinationFactory};
use rounds_environments::ids::EpisodeIx;
use rounds_environments::streams::RunSeed;
use rounds_policies::coordination::Method;
use rounds_tests::coordination::{named, sparse, tracking};

const SEED: RunSeed = RunSeed(7);
const EPISODE: EpisodeIx = EpisodeIx(0);
/// Numbers of agents.
const AGENTS: [usize; 3] = [20, 100, 300];
/// Maximisers of MA-MPL.
const LEVELS: u32 = 12;
/// Rounds of one method and size take about this long, and are at most [`MOST`].
const BUDGET: Duration = Duration::from_millis(500);
const MOST: u32 = 20_000;

/// What a method takes at one size.
#[derive(Clone, Copy)]
struct Cost {
    round_us: f64,
    bytes: f64,
}

fn main() {
    let factories = AGENTS.map(|agents| {
        let config = TrackingConfig {
            agents,
            targets: agents * 3 / 2,
            ..TrackingConfig::default()
        };
        tracking(config, sparse())
    });
    println!("making an episode:");
    for (agents, factory) in AGENTS.iter().zip(&factories) {
        episode(*agents, factory);
    }
    println!("\nmicroseconds of CPU a round (bytes that the agents hold), then how both grow:");
    let sizes = AGENTS.map(|n| format!("{:>24}", format!("n = {n}")));
    println!("  {:<13}{}    time   bytes", "", sizes.concat());
    for name in Method::NAMES {
        let method = named(name, LEVELS);
        match factories.each_ref().map(|factory| cost(factory, &method)) {
            [Ok(small), Ok(middle), Ok(large)] => row(name, [small, middle, large]),
            [small, middle, large] => {
                let refused = small.err().or(middle.err()).or(large.err());
                println!("  {name:<13} {}", refused.unwrap_or_default());
            }
        }
    }
}

fn row(name: &str, costs: [Cost; 3]) {
    let cells = costs.map(|cost| {
        let bytes = in_units(cost.bytes);
        format!("{:>12.1} ({bytes:>9})", cost.round_us)
    });
    let [_, middle, large] = costs;
    let spread = (AGENTS[2] as f64 / AGENTS[1] as f64).ln();
    let exponent = |middle: f64, large: f64| match middle > 0.0 {
        true => format!("{:>8.2}", (large / middle).ln() / spread),
        false => format!("{:>8}", "-"),
    };
    println!(
        "  {name:<13}{}{}{}",
        cells.concat(),
        exponent(middle.round_us, large.round_us),
        exponent(middle.bytes, large.bytes)
    );
}

fn in_units(bytes: f64) -> String {
    match bytes {
        bytes if bytes >= 1e6 => format!("{:.1} MB", bytes / 1e6),
        bytes => format!("{:.1} kB", bytes / 1e3),
    }
}

/// Time and memory of the world and the graph of an episode.
fn episode(agents: usize, factory: &TrackingFactory) {
    let (scene, whole, held) = made(|| factory.reset(SEED, EPISODE));
    let scene = scene.expect("the scene can be made");
    // The same graph again: its hops and its second eigenvalue without the search for it.
    let edges: Vec<_> = (0..agents)
        .flat_map(|a| scene.graph.neighbours(a).map(move |(b, _)| (a, b)))
        .filter(|(a, b)| a < b)
        .collect();
    let (graph, once, of_graph) = made(|| CommGraph::metropolis(agents, &edges, false));
    assert_eq!(graph.as_ref(), Ok(&scene.graph));
    println!(
        "  n = {agents:<4} {whole:>9.3} ms CPU, {once:.3} ms of it on the graph that is taken; \
         world {}, graph {}",
        in_units(held - of_graph),
        in_units(of_graph)
    );
}

/// What `make` gives, the milliseconds that it takes on average, and the bytes held after it.
fn made<T>(make: impl Fn() -> T) -> (T, f64, f64) {
    let mut first = None;
    let held = allocation_counter::measure(|| first = Some(make()));
    let began = Instant::now();
    let (times, took) = timed(|| {
        let mut times = 0;
        while began.elapsed() < BUDGET {
            drop(std::hint::black_box(make()));
            times += 1;
        }
        times
    });
    let ms = took.cpu.as_secs_f64() * 1e3 / f64::from(times);
    let first = first.expect("it was made");
    (first, ms, held.bytes_current as f64)
}

/// Plays rounds of a method, which allocate nothing after the first.
fn cost(factory: &TrackingFactory, method: &Method) -> Result<Cost, String> {
    let scene = factory.reset(SEED, EPISODE).expect("the scene can be made");
    let mut agents = None;
    let held = allocation_counter::measure(|| {
        agents = Some(Plain::new(scene, method, factory.horizon(), SEED, EPISODE));
    });
    let agents = agents.expect("they were made");
    let mut plain = agents.map_err(|error| error.to_string())?;
    let mut play = || {
        plain.play().expect("the objective is sound");
    };
    play();
    let ((), one) = timed(&mut play);
    let rounds = (BUDGET.as_secs_f64() / one.wall.as_secs_f64().max(1e-9)) as u32;
    let rounds = rounds.clamp(1, MOST);
    let (allocated, took) = timed(|| {
        allocation_counter::measure(|| {
            for _ in 0..rounds {
                play();
            }
        })
    });
    assert_eq!(allocated.count_total, 0, "{}", method.name());
    Ok(Cost {
        round_us: took.cpu.as_secs_f64() * 1e6 / f64::from(rounds),
        bytes: held.bytes_current as f64,
    })
}
