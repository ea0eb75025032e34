//! Closed loops of coordination against the statistics of reference runs, for players that learn nothing.
#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod coordination_vectors;
mod golden_files;

use coordination_vectors::{close, greedy, reals, vectors};
use golden_files::{counted, list, real};
use rand::RngExt;
use rounds_environments::coordination::ekf::{EkfConfig, EkfFactory};
use rounds_environments::coordination::tracking::{Mix, TrackingConfig, TrackingFactory};
use rounds_environments::coordination::{
    Configuration, CoordinationFactory, Density, GraphKind, Motion,
};
use rounds_environments::ids::{EpisodeIx, RoundIx};
use rounds_environments::streams::{Purpose, RunSeed, StreamKey};
use serde_json::Value;

/// Who plays the closed loop; methods that learn are checked where they are.
#[derive(Clone, Copy, Debug)]
enum Player {
    Random,
    /// Sees the objective of the round.
    Greedy,
    /// Sees that of the round before.
    StaleGreedy,
}

/// Mean utility over rounds, that over the last quarter, and the mean measures of an episode.
fn play(factory: &dyn CoordinationFactory, seed: u64, player: Player) -> Vec<f64> {
    let (seed, episode) = (RunSeed(seed), EpisodeIx(0));
    let mut world = factory.reset(seed, episode).unwrap().world;
    let ground = world.ground().clone();
    let mut draws = StreamKey::episode(seed, episode, Purpose::Policy).open();
    let mut summary = vec![0.0; world.objective().summary_len()];
    let mut measured = vec![0.0; world.measures().len()];
    let mut sums = vec![0.0; 2 + measured.len()];
    let rounds = factory.horizon();
    let mut actions = vec![Some(0); ground.agents()];
    for round in 1..=rounds {
        if let Player::StaleGreedy = player
            && round > 1
        {
            actions = greedy(world.objective(), &mut summary);
        }
        world.reveal(RoundIx(round)).unwrap();
        match player {
            Player::Random => {
                for (agent, action) in actions.iter_mut().enumerate() {
                    *action = Some(draws.random_range(0..ground.actions(agent) as u32));
                }
            }
            Player::Greedy => actions = greedy(world.objective(), &mut summary),
            Player::StaleGreedy => {}
        }
        let objective = world.objective();
        objective.clear(&mut summary);
        for (agent, action) in actions.iter().enumerate() {
            objective.insert(ground.element(agent, action.unwrap()), &mut summary);
        }
        let utility = objective.value(&summary);
        sums[0] += utility;
        if round > rounds - rounds / 4 {
            sums[1] += utility;
        }
        world.apply(&actions).unwrap();
        world.measured(&mut measured);
        for (sum, got) in sums[2..].iter_mut().zip(&measured) {
            *sum += got;
        }
    }
    let quarter = f64::from(rounds / 4);
    for (at, sum) in sums.iter_mut().enumerate() {
        *sum /= if at == 1 { quarter } else { f64::from(rounds) };
    }
    sums
}

fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean) * (v - mean)).sum();
    (mean, (squares / (n - 1.0) / n).sqrt())
}

/// Plays seeds of its own and compares means with those of the reference: within four combined standard
/// errors.
fn check_statistics(
    factory: &dyn CoordinationFactory,
    algorithms: &Value,
    players: &[(&str, Player)],
    names: &[&str],
) -> usize {
    let mut checked = 0;
    for (algorithm, player) in players {
        let Some(expected) = algorithms.get(algorithm) else {
            continue;
        };
        let played: Vec<Vec<f64>> = (1..=16).map(|seed| play(factory, seed, *player)).collect();
        for (at, name) in names
            .iter()
            .enumerate()
            .filter(|(_, name)| !name.is_empty())
        {
            let got: Vec<f64> = played.iter().map(|row| row[at]).collect();
            let (got, error) = mean_and_error(&got);
            let (mean, se) = (real(&expected[name]["mean"]), real(&expected[name]["se"]));
            let allowed = 4.0 * (error * error + se * se).sqrt();
            println!("{algorithm} {name}: {got:.4} +- {error:.4}, reference {mean:.4} +- {se:.4}");
            close(got, mean, allowed, &format!("{algorithm}, {name}"));
        }
        checked += 1;
    }
    checked
}

fn graph_of(config: &Value) -> GraphKind {
    match config["graph"].as_str() {
        Some("complete") => GraphKind::Complete,
        _ => GraphKind::ErdosRenyi {
            density: Density::MeanDegree(4.0),
        },
    }
}

#[test]
fn golden_tracking_statistics() {
    let Some(file) = vectors("tracking_summary.json") else {
        return;
    };
    let mut checked = 0;
    for case in list(&file) {
        let config = &case["config"];
        let number = |key: &str| config[key].as_u64().unwrap() as usize;
        let ratio = reals(&config["ratio"]);
        let mix = Mix {
            random: ratio[0],
            adversarial: ratio[1],
            polyline: ratio[2],
        };
        let settings = TrackingConfig {
            agents: number("n"),
            targets: number("m"),
            horizon: number("T") as u32,
            motion: Motion {
                dt_s: real(&config["dt"]),
                ..Motion::default()
            },
            ..TrackingConfig::default()
        };
        let one = Configuration {
            name: "one".to_owned(),
            graph: graph_of(config),
            mix,
        };
        let factory = TrackingFactory::new(settings, vec![one], false).unwrap();
        let players = [
            ("random", Player::Random),
            ("greedy", Player::Greedy),
            ("stale_greedy", Player::StaleGreedy),
        ];
        let names = [
            "avg_utility",
            "avg_utility_last_quarter",
            "avg_min_dist",
            "avg_targets_within_5",
        ];
        checked += check_statistics(&factory, &case["algorithms"], &players, &names);
    }
    counted("tracking_summary.json, players", checked);
}

#[test]
fn golden_ekf_statistics() {
    let Some(file) = vectors("ekf_summary.json") else {
        return;
    };
    let mut checked = 0;
    for case in list(&file) {
        let config = &case["config"];
        let number = |key: &str| config[key].as_u64().unwrap() as usize;
        let settings = EkfConfig {
            agents: number("n"),
            targets: number("m"),
            horizon: number("T") as u32,
            motion: Motion {
                dt_s: real(&config["dt"]),
                ..Motion::default()
            },
            drift: real(&config["q"]),
            ..EkfConfig::default()
        };
        let one = Configuration {
            name: "one".to_owned(),
            graph: graph_of(config),
            mix: (),
        };
        let factory = EkfFactory::new(settings, vec![one], false).unwrap();
        let players = [("random", Player::Random), ("greedy", Player::Greedy)];
        let names = [
            "avg_utility",
            "",
            "avg_posterior_trace",
            "avg_position_error",
        ];
        checked += check_statistics(&factory, &case["algorithms"], &players, &names);
    }
    counted("ekf_summary.json, players", checked);
}
